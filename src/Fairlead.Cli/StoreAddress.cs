using Fairlead.Cli.Configuration;
using Fairlead.Sqlite;
using Fairlead.Storage;
using Microsoft.Data.Sqlite;

namespace Fairlead.Cli;

/// <summary>Where a store is: <c>sqlite:./fairlead.db</c>, <c>memory:</c>.</summary>
internal sealed record StoreAddress(string Scheme, string Path)
{
    private const string Sqlite = "sqlite";
    private const string Memory = "memory";
    private const string Default = "sqlite:./fairlead.db";

    /// <summary>True when the store is a file.</summary>
    public bool IsFile => Scheme == Sqlite;

    public override string ToString() => $"{Scheme}:{Path}";

    /// <summary>The option, else <c>FAIRLEAD_STORE</c>, else <c>store:</c> of <c>fairlead.yaml</c>, else <c>sqlite:./fairlead.db</c>.</summary>
    public static StoreAddress Find(string? option, Func<string, string?> variable, string folder)
    {
        if (option is not null)
        {
            return Parse(option, "--store");
        }
        if (variable("FAIRLEAD_STORE") is { Length: > 0 } named)
        {
            return Parse(named, "FAIRLEAD_STORE");
        }
        var file = folder == Environment.CurrentDirectory ? ConfigurationFile.DefaultName : System.IO.Path.Combine(folder, ConfigurationFile.DefaultName);
        return ConfigurationFile.ReadStore(file, variable, static path => File.Exists(path) ? File.ReadAllText(path) : "") is { } configured
            ? Parse(configured, "store: of fairlead.yaml")
            : Parse(Default, "default");
    }

    public static StoreAddress Parse(string text, string from)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var scheme = colon < 0 ? "" : text[..colon];
        var path = text[(colon + 1)..];
        return scheme switch
        {
            Sqlite when path.Length > 0 => new StoreAddress(Sqlite, path.StartsWith("//", StringComparison.Ordinal) ? path[2..] : path),
            Memory when path.Length == 0 => new StoreAddress(Memory, ""),
            "postgres" or "postgresql" or "redis" => throw new CommandFailure(
                $"This version keeps jobs in sqlite: and memory: stores; {scheme}: ({from}) comes in a later one. Use sqlite:./fairlead.db, which any number of processes on this machine can share."),
            _ => throw new CommandFailure($"Expected a store such as sqlite:./fairlead.db or memory: from {from}; got '{text}'."),
        };
    }

    /// <summary>Makes the store's client, not yet opened.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="adopt">True to add Fairlead's tables to a database that so far holds only another program's.</param>
    public IJobStore Connect(TimeProvider time, bool adopt)
    {
        if (Scheme == Memory)
        {
            return new InMemoryJobStore(time);
        }
        if (Inspect(System.IO.Path.GetFullPath(Path)) == DatabaseContent.Foreign && !adopt)
        {
            throw new CommandFailure(
                $"'{Path}' is a SQLite database of another program and has no tables of Fairlead. Name another file with --store, or add Fairlead's tables to it with: fairlead migrate --store {this}");
        }
        return new SqliteJobStore(new SqliteStoreOptions { ConnectionString = Path }, time);
    }

    /// <summary>Refuses to make a store only to look into it.</summary>
    public void MustExist()
    {
        if (Scheme == Sqlite && !File.Exists(Path))
        {
            throw new CommandFailure($"There is no store at {this} yet. Work that is enqueued makes it (fairlead enqueue, fairlead run), and so does fairlead migrate; another one is named with --store.");
        }
    }

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
