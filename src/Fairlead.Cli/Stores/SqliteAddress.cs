using Fairlead.Sqlite;
using Fairlead.Storage;
using Microsoft.Data.Sqlite;

namespace Fairlead.Cli.Stores;

/// <summary>A file: <c>sqlite:./fairlead.db</c>.</summary>
/// <param name="File">Its path.</param>
/// <param name="From">Who named it.</param>
internal sealed record SqliteAddress(string File, string From) : StoreAddress(From)
{
    public const string Scheme = "sqlite";

    public override string ToString() => $"{Scheme}:{File}";

    public override IJobStore Connect(TimeProvider time, bool adopt)
    {
        if (Inspect(Path.GetFullPath(File)) == DatabaseContent.Foreign && !adopt)
        {
            throw new CommandFailure(
                $"'{File}' is a SQLite database of another program and has no tables of Fairlead. Name another file with --store, or add Fairlead's tables to it with: fairlead migrate --store {this}");
        }
        return new SqliteJobStore(new SqliteStoreOptions { ConnectionString = File }, time);
    }

    public override ValueTask MustExistAsync(CancellationToken cancellationToken) => System.IO.File.Exists(File) ? default : throw NotThere();

    private static DatabaseContent Inspect(string file)
    {
        try
        {
            return DatabaseFile.Inspect(file);
        }
        catch (SqliteFault fault)
        {
            throw fault.ForUser(file);
        }
        catch (SqliteException error)
        {
            throw new SqliteFault(error.SqliteErrorCode, error.SqliteExtendedErrorCode, error.Message).ForUser(file);
        }
    }
}
