using Fairlead.Bench;
using Fairlead.PostgreSql;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql.BadDays;

/// <summary>A server that takes no more connections.</summary>
public sealed class TooManyConnectionsTests : IAsyncLifetime
{
    private static readonly NewJob s_job = new() { Queue = "q", Kind = new("work") };
    private PostgreSqlServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await PostgreSqlServer.StartAsync(durable: false, "max_connections = 10", "max_wal_senders = 0");

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Says_so_and_heals_when_there_is_room()
    {
        await using var store = await OpenAsync();
        await store.EnqueueAsync([s_job]);
        await _server.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fairlead'");
        var others = await TakeAllAsync();
        try
        {
            var write = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.EnqueueAsync([s_job]).AsTask().WithinPatienceAsync());
            Assert.Contains("takes no more connections", write.Message);
            Assert.Contains("max_connections", write.Message);
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.ListQueuesAsync());
        }
        finally
        {
            others.ForEach(static connection => connection.Dispose());
        }
        await Until.AnsweredAsync(() => store.EnqueueAsync([s_job]));
        Assert.Equal(2, (await Until.AnsweredAsync(() => store.ListQueuesAsync()))[0].Jobs.Total);
    }

    [Fact]
    public async Task However_many_read_at_once_a_store_has_only_so_many_connections()
    {
        await using var store = await OpenAsync();
        await store.EnqueueAsync([s_job]);
        var reads = Enumerable.Range(0, 8).Select(_ => Task.Run(async () => await store.ListQueuesAsync()));
        Assert.All(await Task.WhenAll(reads).WithinPatienceAsync(), static queues => Assert.Single(queues));
    }

    private async Task<PostgreSqlJobStore> OpenAsync()
    {
        var store = new PostgreSqlJobStore(_server.ConnectionString());
        await store.OpenAsync();
        return store;
    }

    private async Task<List<NpgsqlConnection>> TakeAllAsync()
    {
        var taken = new List<NpgsqlConnection>();
        while (true)
        {
            var connection = new NpgsqlConnection(_server.ConnectionString() + ";Pooling=false");
            try
            {
                await connection.OpenAsync();
                taken.Add(connection);
            }
            catch (PostgresException full) when (full.SqlState == PostgresErrorCodes.TooManyConnections)
            {
                await connection.DisposeAsync();
                return taken;
            }
        }
    }
}
