using Fairlead.PostgreSql;

namespace Fairlead;

/// <summary>Chooses PostgreSQL.</summary>
public static class FairleadBuilderPostgreSqlExtensions
{
    /// <summary>Keeps jobs in a PostgreSQL database, which may be the application's own and is shared by any number of nodes.</summary>
    /// <param name="builder">The instance that is put together.</param>
    /// <param name="connectionString">A connection string of Npgsql, or a URL: <c>postgres://user:password@host:5432/database?schema=fairlead</c>.</param>
    /// <exception cref="ArgumentException">It is neither.</exception>
    public static FairleadBuilder UsePostgreSql(this FairleadBuilder builder, string connectionString) =>
        builder.UsePostgreSql(PostgreSqlUrl.ToOptions(connectionString));

    /// <inheritdoc cref="UsePostgreSql(FairleadBuilder, string)" />
    /// <param name="builder">The instance that is put together.</param>
    /// <param name="options">Where the database is and how it is reached.</param>
    public static FairleadBuilder UsePostgreSql(this FairleadBuilder builder, PostgreSqlStoreOptions options)
    {
        _ = options.Check();
        return builder.UseStore((_, _) => new PostgreSqlJobStore(options));
    }
}
