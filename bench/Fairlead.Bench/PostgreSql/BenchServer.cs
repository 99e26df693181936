using System.Globalization;
using Npgsql;

namespace Fairlead.Bench.PostgreSql;

/// <summary>A server with its default durability that counts what it is asked to do.</summary>
internal sealed class BenchServer : IAsyncDisposable
{
    private readonly PostgreSqlServer server;
    private readonly NpgsqlDataSource own;
    private int databases;

    private BenchServer(PostgreSqlServer server)
    {
        this.server = server;
        own = NpgsqlDataSource.Create(server.ConnectionString());
    }

    /// <summary>Its port.</summary>
    public int Port => server.Port;

    public static async Task<BenchServer> StartAsync()
    {
        var started = await PostgreSqlServer.StartAsync(durable: true, "shared_preload_libraries = 'pg_stat_statements'");
        await started.ExecuteAsync("CREATE EXTENSION pg_stat_statements");
        return new BenchServer(started);
    }

    /// <summary>A new, empty database.</summary>
    public async Task<string> NewDatabaseAsync()
    {
        var name = $"bench{++databases}";
        await server.CreateDatabaseAsync(name);
        return name;
    }

    public Task DropAsync(string database) => server.ExecuteAsync($"DROP DATABASE \"{database}\" WITH (FORCE)");

    /// <summary>Where a database is, through another port if one is given.</summary>
    public string Url(string database, int? port = null) => server.Url(database, port);

    public string ConnectionString(string database, int? port = null) => server.ConnectionString(database, port);

    /// <summary>The same start for everybody: fresh statistics, no dead rows, nothing left to write out.</summary>
    public async Task TidyAsync(string database)
    {
        await server.ExecuteAsync("VACUUM ANALYZE", database);
        await server.ExecuteAsync("CHECKPOINT", database);
    }

    /// <summary>What a database was asked to do so far. The server counts a connection's work within a second, or when it closes.</summary>
    public async Task<ServerWork> WorkAsync(string database)
    {
        await using var command = own.CreateCommand(
            """
            SELECT (SELECT xact_commit FROM pg_stat_database WHERE datname = $1),
              (SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = $1)
            """);
        command.Parameters.AddWithValue(database);
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        return new ServerWork(row.GetInt64(0), row.GetInt64(1));
    }

    /// <summary>The same, when everybody has left the database.</summary>
    public async Task<ServerWork> WorkOfAllAsync(string database)
    {
        await using var command = own.CreateCommand("SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'");
        command.Parameters.AddWithValue(database);
        while ((long)(await command.ExecuteScalarAsync())! > 0)
        {
            await Task.Delay(20);
        }
        return await WorkAsync(database);
    }

    /// <summary>How often each statement was carried out in a database so far.</summary>
    public async Task<Dictionary<string, long>> StatementsAsync(string database)
    {
        await using var command = own.CreateCommand("SELECT s.query, sum(s.calls)::bigint FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = $1 GROUP BY s.query");
        command.Parameters.AddWithValue(database);
        await using var rows = await command.ExecuteReaderAsync();
        var statements = new Dictionary<string, long>(StringComparer.Ordinal);
        while (await rows.ReadAsync())
        {
            statements[rows.GetString(0)] = rows.GetInt64(1);
        }
        return statements;
    }

    public async ValueTask DisposeAsync()
    {
        await own.DisposeAsync();
        await server.DisposeAsync();
    }
}

/// <summary>What a server was asked to do. BEGIN and COMMIT are statements too.</summary>
internal readonly record struct ServerWork(long Commits, long Statements)
{
    public static ServerWork operator -(ServerWork later, ServerWork earlier) => new(later.Commits - earlier.Commits, later.Statements - earlier.Statements);

    /// <summary>Commits and statements for each of so many jobs.</summary>
    public (string Commits, string Statements) Per(int jobs) => (Each(Commits, jobs), Each(Statements, jobs));

    private static string Each(long count, int jobs) => (count / (double)jobs).ToString(count < jobs ? "0.####" : "0.0", CultureInfo.InvariantCulture);
}
