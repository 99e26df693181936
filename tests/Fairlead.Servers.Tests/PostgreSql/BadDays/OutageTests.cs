using Fairlead.Bench;
using Fairlead.PostgreSql;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql.BadDays;

/// <summary>A store that is away keeps everybody from their heartbeat: that is nobody's death.</summary>
public sealed class OutageTests(OwnServer own) : IClassFixture<OwnServer>
{
    private static readonly TimeSpan s_lease = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task A_node_that_opens_the_store_after_an_outage_takes_nobody_for_dead()
    {
        var schema = own.NewSchema();
        using var network = TcpProxy.To(own.Server.Port);
        await using var first = await OpenAsync(own.Options(schema, network.Port));
        var node = await JoinAsync(first, "first");
        network.Refuse();
        network.CutAll();
        await SilentForAsync(schema, TimeSpan.FromSeconds(5));
        network.Accept();

        await using var newcomer = await OpenAsync(own.Options(schema));
        await JoinAsync(newcomer, "newcomer");
        Assert.Equal(RescueResult.None, await newcomer.RescueAsync());
        Assert.True((await Until.AnsweredAsync(() => first.HeartbeatAsync(node))).Held);
    }

    [Fact]
    public async Task Who_could_read_but_not_write_takes_nobody_for_dead()
    {
        var schema = own.NewSchema();
        await using var first = await OpenAsync(own.Options(schema));
        await using var second = await OpenAsync(own.Options(schema));
        var (one, two) = (await JoinAsync(first, "first"), await JoinAsync(second, "second"));
        await own.Server.ExecuteAsync("ALTER SYSTEM SET default_transaction_read_only = on");
        await own.Server.ExecuteAsync("SELECT pg_reload_conf()");
        try
        {
            await Until.TrueAsync(async () => await IsRefusedAsync(() => first.HeartbeatAsync(one)) && await IsRefusedAsync(() => second.HeartbeatAsync(two)), () => "writes are refused");
            await SilentForAsync(schema, s_lease);
            Assert.Equal(RescueResult.None, await second.RescueAsync());
        }
        finally
        {
            await own.Server.ExecuteAsync("ALTER SYSTEM RESET default_transaction_read_only");
            await own.Server.ExecuteAsync("SELECT pg_reload_conf()");
        }
        // Its first write after the outage is the rescue itself or a heartbeat: neither finds the other dead.
        Assert.True((await Until.AnsweredAsync(() => second.HeartbeatAsync(two))).Held);
        Assert.Equal(RescueResult.None, await second.RescueAsync());
        Assert.True((await first.HeartbeatAsync(one)).Held);
    }

    [Fact]
    public async Task Who_is_silent_while_others_are_heard_is_dead()
    {
        var schema = own.NewSchema();
        await using var first = await OpenAsync(own.Options(schema));
        await using var second = await OpenAsync(own.Options(schema));
        var (one, two) = (await JoinAsync(first, "first"), await JoinAsync(second, "second"));
        await Until.TrueAsync(
            async () =>
            {
                Assert.True((await second.HeartbeatAsync(two)).Held);
                return (await second.RescueAsync()).DeadNodes.Any(dead => dead.Id == one);
            },
            () => "the silent one is found dead");
        Assert.False((await first.HeartbeatAsync(one)).Held);
    }

    [Fact]
    public async Task An_interruption_is_taken_off_a_silence_and_does_not_begin_it_anew()
    {
        var schema = own.NewSchema();
        var time = new Clock();
        await using var store = await OpenAsync(own.Options(schema), time);
        var (silent, heard) = (await JoinAsync(store, "silent"), await JoinAsync(store, "heard"));
        time.Pass(0.6 * s_lease);
        await InterruptAsync(store, schema, heard, time, 0.9 * s_lease);

        Assert.Equal(RescueResult.None, await store.RescueAsync());
        time.Pass(0.3 * s_lease);
        Assert.True((await store.HeartbeatAsync(heard)).Held);
        Assert.Equal(RescueResult.None, await store.RescueAsync());
        time.Pass(0.1 * s_lease);
        Assert.Equal(silent, Assert.Single((await store.RescueAsync()).DeadNodes).Id);
    }

    /// <summary>A write of the node takes that long, because somebody else has the turn.</summary>
    private async Task InterruptAsync(PostgreSqlJobStore store, string schema, NodeId node, Clock time, TimeSpan takes)
    {
        await using var other = new NpgsqlConnection(own.Server.ConnectionString() + ";Pooling=false");
        await other.OpenAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using var turn = new NpgsqlCommand(new SqlText(schema).Of("take_turn"), other) { Parameters = { new() { Value = "60000" }, new() { Value = schema } } };
        await turn.ExecuteNonQueryAsync();
        var report = store.ReportPoolsAsync(node, []).AsTask();
        await Until.TrueAsync(async () => await own.NumberAsync("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") > 0, () => "the report waits for its turn");
        time.Pass(takes);
        await transaction.RollbackAsync();
        await report.WithinPatienceAsync();
        Assert.True((await store.HeartbeatAsync(node)).Held);
    }

    private static async Task<PostgreSqlJobStore> OpenAsync(PostgreSqlStoreOptions options, TimeProvider? clock = null)
    {
        var store = new PostgreSqlJobStore(options, clock, TimeProvider.System);
        await store.OpenAsync();
        return store;
    }

    private static async Task<NodeId> JoinAsync(PostgreSqlJobStore store, string name) =>
        (await store.JoinAsync(new() { Name = name, Slots = 1, Lease = s_lease, Queues = [new(new() { Name = "q" }, [new("work")])] })).Node;

    /// <summary>Comes back when all nodes were silent for that long by the server's clock.</summary>
    private Task SilentForAsync(string schema, TimeSpan silence) => Until.TrueAsync(
        async () => await own.NumberAsync($"SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - max(heartbeat_at) FROM {schema}.node") > silence.TotalMicroseconds,
        () => "all were silent for long enough");

    private static async Task<bool> IsRefusedAsync(Func<ValueTask<HeartbeatReply>> call)
    {
        try
        {
            await call();
            return false;
        }
        catch (StoreUnavailableException)
        {
            return true;
        }
    }

    /// <summary>Time that passes when a test says so.</summary>
    private sealed class Clock : TimeProvider
    {
        private long _ticks = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => new(GetTimestamp(), TimeSpan.Zero);

        public override long GetTimestamp() => Volatile.Read(ref _ticks);

        public void Pass(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);
    }
}
