using System.Threading.Channels;
using Fairlead.PostgreSql;
using Fairlead.Storage;
using Fairlead.Testing.Conformance;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql.Operations;

/// <summary>The whole store through PgBouncer in transaction mode: a transaction gets one of two connections, and nothing is left in it.</summary>
public sealed class PoolerTests(SharedServer server, SharedPooler pooler) : IClassFixture<SharedPooler>
{
    private const int Connections = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static TheoryData<string> Cases => Representative.Cases;

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Keeps(string promise)
    {
        var (direct, schema) = await server.NewSchemaAsync();
        var pooled = await PooledAsync();
        await using var fixture = new PostgreSqlFixture(direct, schema, options => options with { ConnectionString = pooled, Pooled = true, DirectConnectionString = direct });
        await StoreConformance.Find(promise).RunAsync(fixture);
    }

    [Fact]
    public async Task Signals_come_by_the_direct_connection()
    {
        var options = await OptionsAsync();
        await using var producer = new PostgreSqlJobStore(options);
        await using var listener = new PostgreSqlJobStore(options with { DirectConnectionString = (await server.ServerAsync()).ConnectionString() });
        await producer.OpenAsync();
        await listener.OpenAsync();
        var heard = Channel.CreateUnbounded<StoreSignals>();
        using var listening = listener.Listen(signals => heard.Writer.TryWrite(signals));
        using var deadline = new CancellationTokenSource(Patience);
        (await heard.Reader.ReadAsync(deadline.Token)).HasFlag(StoreSignals.Schedules).ShouldBeTrue();
        await producer.EnqueueAsync([new() { Queue = "q", Kind = new("k") }]);
        (await heard.Reader.ReadAsync(deadline.Token)).ShouldBe(StoreSignals.Work);
    }

    [Fact]
    public async Task Work_is_found_by_looking_where_nothing_can_be_heard()
    {
        var options = await OptionsAsync();
        await using var producer = new PostgreSqlJobStore(options);
        await producer.OpenAsync();
        producer.Traits.Poll.ShouldBe(TimeSpan.FromSeconds(1));
        var done = new TaskCompletionSource<string>();
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddFairlead(f => f.UsePostgreSql(options).AddJob("say", (Said job) => done.TrySetResult(job.Text), queue: "q").RunWorkers());
        using var host = builder.Build();
        await host.StartAsync();
        await producer.EnqueueAsync([new() { Queue = "q", Kind = new("say"), Payload = """{"text":"heard"}"""u8.ToArray() }]);
        (await done.Task.WaitAsync(Patience)).ShouldBe("heard");
        await host.StopAsync();
    }

    [Fact]
    public async Task Nothing_is_left_in_the_connections_they_share()
    {
        var options = await OptionsAsync();
        await using (var store = new PostgreSqlJobStore(options))
        {
            await store.OpenAsync();
            await store.JoinAsync(new() { Name = "n", Slots = 4, Queues = [new(new() { Name = "q" }, [new JobKind("k")])] });
            await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => store.EnqueueAsync([new() { Queue = "q", Kind = new("k") }]).AsTask()));
            (await store.ListJobsAsync(new())).Jobs.Count.ShouldBe(50);
        }
        // Both at once, so that they are two.
        var seen = new List<int>();
        await using var first = await SessionAsync(options.ConnectionString, seen);
        await using var second = await SessionAsync(options.ConnectionString, seen);
        seen.Distinct().Count().ShouldBe(Connections);
    }

    /// <summary>Takes one of the server's connections, and keeps it in a transaction.</summary>
    private static async Task<NpgsqlConnection> SessionAsync(string pooled, List<int> seen)
    {
        var connection = new NpgsqlConnection(pooled + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("""
            BEGIN;
            SELECT pg_backend_pid(), (SELECT count(*) FROM pg_prepared_statements), (SELECT count(*) FROM pg_listening_channels()), current_setting('lock_timeout'),
              current_setting('idle_in_transaction_session_timeout'), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())
            """, connection);
        await using var row = await command.ExecuteReaderAsync();
        (await row.ReadAsync()).ShouldBeTrue();
        seen.Add(row.GetInt32(0));
        (row.GetInt64(1), row.GetInt64(2), row.GetString(3), row.GetString(4), row.GetInt64(5)).ShouldBe((0, 0, "0", "0", 0));
        return connection;
    }

    private async Task<PostgreSqlStoreOptions> OptionsAsync() =>
        new() { ConnectionString = await PooledAsync(), Schema = (await server.NewSchemaAsync()).Schema, Pooled = true };

    private async Task<string> PooledAsync() => (await server.ServerAsync()).ConnectionString(port: (await pooler.StartedAsync(server, Connections)).Port);

    private sealed record Said(string Text);
}

/// <summary>One pooler for all of these tests, started by the first that asks.</summary>
public sealed class SharedPooler : IAsyncDisposable
{
    private readonly SemaphoreSlim _starting = new(1);
    private PgBouncer? _pooler;

    internal async Task<PgBouncer> StartedAsync(SharedServer server, int connections)
    {
        await _starting.WaitAsync();
        try
        {
            return _pooler ??= await PgBouncer.StartAsync((await server.ServerAsync()).Port, connections);
        }
        finally
        {
            _starting.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _starting.Dispose();
        if (_pooler is not null)
        {
            await _pooler.DisposeAsync();
        }
    }
}
