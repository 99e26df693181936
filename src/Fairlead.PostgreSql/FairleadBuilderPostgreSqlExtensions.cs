using Fairlead.PostgreSql;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

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

    /// <summary>
    /// Keeps jobs in the PostgreSQL database of the application's <see cref="NpgsqlDataSource" /> (as <c>AddNpgsqlDataSource</c> registers it), in the schema
    /// <c>fairlead</c>. All connections come from it, with its credentials, logging and settings; a node keeps one to write, one to listen, and a few to read.
    /// </summary>
    /// <param name="builder">The instance that is put together.</param>
    public static FairleadBuilder UsePostgreSql(this FairleadBuilder builder) =>
        builder.UsePostgreSql(static services => services.GetRequiredService<NpgsqlDataSource>());

    /// <summary>The same with a data source that is looked up by the caller: one of several, registered by key.</summary>
    /// <param name="builder">The instance that is put together.</param>
    /// <param name="dataSource">Finds it among the services.</param>
    /// <param name="schema">The schema that holds the store; made when it does not exist. 1 to 50 small letters, digits and underscores.</param>
    /// <exception cref="ArgumentException">The schema's name is not sound.</exception>
    public static FairleadBuilder UsePostgreSql(this FairleadBuilder builder, Func<IServiceProvider, NpgsqlDataSource> dataSource, string schema = PostgreSqlStoreOptions.DefaultSchema)
    {
        var options = new PostgreSqlStoreOptions { Schema = schema }.Check();
        return builder.UseStore((services, _) => new PostgreSqlJobStore(options with { DataSource = dataSource(services) }));
    }
}
