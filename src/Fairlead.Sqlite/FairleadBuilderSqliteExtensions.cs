using Fairlead.Sqlite;

namespace Fairlead;

/// <summary>Chooses SQLite.</summary>
public static class FairleadBuilderSqliteExtensions
{
    /// <summary>Keeps jobs in a SQLite file, which may be the application's own and may be shared by any number of processes.</summary>
    /// <param name="builder">The instance that is put together.</param>
    /// <param name="connectionString">A path, or a connection string with <c>Data Source=</c>.</param>
    /// <exception cref="ArgumentException">It names no file.</exception>
    public static FairleadBuilder UseSqlite(this FairleadBuilder builder, string connectionString) =>
        builder.UseSqlite(new SqliteStoreOptions { ConnectionString = connectionString });

    /// <inheritdoc cref="UseSqlite(FairleadBuilder, string)" />
    /// <param name="builder">The instance that is put together.</param>
    /// <param name="options">Where the file lies and how careful the store is.</param>
    public static FairleadBuilder UseSqlite(this FairleadBuilder builder, SqliteStoreOptions options)
    {
        _ = new DatabaseFile(options);
        return builder.UseStore((_, time) => new SqliteJobStore(options, time));
    }
}
