using Fairlead.PostgreSql;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql;

/// <summary>A schema of its own for one test, and stores on it.</summary>
internal sealed class TestStore : IAsyncDisposable
{
    private readonly List<PostgreSqlJobStore> _stores = [];

    private TestStore(string connectionString, string schema) => (ConnectionString, Schema) = (connectionString, schema);

    public string ConnectionString { get; }

    public string Schema { get; }

    public static async Task<TestStore> NewAsync(SharedServer server)
    {
        var (connectionString, schema) = await server.NewSchemaAsync();
        return new(connectionString, schema);
    }

    public async Task<PostgreSqlJobStore> OpenAsync(TimeProvider? clock = null)
    {
        var store = new PostgreSqlJobStore(new PostgreSqlStoreOptions { ConnectionString = ConnectionString, Schema = Schema }, clock, TimeProvider.System);
        _stores.Add(store);
        await store.OpenAsync();
        return store;
    }

    /// <summary>A caller's own connection.</summary>
    public async Task<NpgsqlConnection> ConnectAsync(string? database = null)
    {
        var connection = new NpgsqlConnection($"{ConnectionString};Pooling=false{(database is null ? "" : $";Database={database}")}");
        await connection.OpenAsync();
        return connection;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _stores)
        {
            await store.DisposeAsync();
        }
        await ExecuteAsync($"DROP SCHEMA IF EXISTS {Schema} CASCADE");
    }

    public static readonly JobKind Kind = new("work");

    public static NewJob Job(string payload = "{}", string queue = "q") => new() { Queue = queue, Kind = Kind, Payload = System.Text.Encoding.UTF8.GetBytes(payload) };

    public static NodeRegistration Registration(QueueDefinition? queue = null) => new() { Name = "node", Slots = 100, Queues = [new(queue ?? new() { Name = "q" }, [Kind])] };

    public static ClaimRequest Request(NodeId node, long sequence, int slots = 100) => new() { Node = node, Sequence = sequence, Slots = slots, Queues = [new("q", [Kind], slots)] };

    public static JobTransition Completed(ClaimedJob job, params NewJob[] next) =>
        JobTransition.Completed(new(job.Key, TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow()), "1"u8.ToArray(), next);
}
