using Fairlead.Bench;
using Fairlead.PostgreSql;
using Fairlead.Servers.Tests.PostgreSql.BadDays;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql.Operations;

/// <summary>What the loops of a node cost the server while nothing happens, counted by the server.</summary>
public sealed class IdleNodeTests : IAsyncLifetime
{
    private PostgreSqlServer _server = null!;
    private PostgreSqlJobStore _store = null!;
    private NodeId _node;
    private long _sequence;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgreSqlServer.StartAsync(durable: false, "shared_preload_libraries = 'pg_stat_statements'");
        await _server.ExecuteAsync("CREATE EXTENSION pg_stat_statements");
        await _server.CreateDatabaseAsync("idle");
        _store = new PostgreSqlJobStore(new PostgreSqlStoreOptions { ConnectionString = _server.ConnectionString("idle") });
        await _store.OpenAsync();
        _node = (await _store.JoinAsync(TestStore.Registration())).Node;
        // Whatever connecting takes, and the first claim, which nobody has told that there is nothing.
        await RoundAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Each_call_of_an_idle_node_is_one_statement_and_a_sweep_none()
    {
        (await CountAsync(async () => (await _store.HeartbeatAsync(_node)).Held.ShouldBeTrue())).ShouldBe(1);
        (await CountAsync(async () => (await _store.RescueAsync()).ShouldBe(RescueResult.None))).ShouldBe(0);
        (await CountAsync(async () => (await ClaimAsync()).ShouldBeEmpty())).ShouldBe(1);
        (await CountAsync(async () => (await _store.ExpireAsync()).ShouldBe(0))).ShouldBe(1);
        (await CountAsync(async () => (await _store.PruneAsync(Retention.Default)).ShouldBe(0))).ShouldBe(1);
    }

    /// <summary>By the intervals of the loops: heartbeats every 2 s, a poll and a look at deadlines every 5 s, history every minute, the sweep every second.</summary>
    [Fact]
    public async Task A_minute_of_an_idle_node_is_no_more_than_a_statement_a_second()
    {
        var statements = await CountAsync(async () =>
        {
            for (var second = 1; second <= 60; second++)
            {
                if (second % 2 == 0)
                {
                    await _store.HeartbeatAsync(_node);
                }
                if (second % 5 == 0)
                {
                    await ClaimAsync();
                    await _store.ExpireAsync();
                }
                await _store.RescueAsync();
            }
            await _store.PruneAsync(Retention.Default);
        });
        statements.ShouldBeLessThanOrEqualTo(60);
    }

    [Fact]
    public async Task A_poll_finds_what_nobody_told()
    {
        await using var other = new PostgreSqlJobStore(new PostgreSqlStoreOptions { ConnectionString = _server.ConnectionString("idle") });
        await other.OpenAsync();
        (await ClaimAsync()).ShouldBeEmpty();
        await other.EnqueueAsync([TestStore.Job()]);
        (await ClaimAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_heartbeat_carries_all_that_was_asked_of_the_node()
    {
        await _store.EnqueueAsync([TestStore.Job()]);
        var job = (await ClaimAsync()).ShouldHaveSingleItem();
        await _store.CancelAsync(job.Key.Job);
        (await CountAsync(async () => (await _store.HeartbeatAsync(_node)).Cancel.ShouldBe([job.Key]))).ShouldBe(1);
    }

    [Fact]
    public async Task A_heartbeat_waits_for_whoever_judges_silence()
    {
        await using var judge = new NpgsqlConnection(_server.ConnectionString("idle"));
        await judge.OpenAsync();
        await using var judgement = await judge.BeginTransactionAsync();
        var texts = new SqlText(PostgreSqlStoreOptions.DefaultSchema);
        await using (var hold = new NpgsqlCommand(texts.Of("hold_nodes"), judge))
        {
            await hold.ExecuteNonQueryAsync();
        }
        var beat = _store.HeartbeatAsync(_node).AsTask();
        await Until.TrueAsync(async () => await IsHeldUpAsync(), () => "the heartbeat waits");
        await using (var end = new NpgsqlCommand(texts.Of("end_node"), judge) { Parameters = { new() { Value = _node.Value }, new() { Value = 1L } } })
        {
            await end.ExecuteNonQueryAsync();
        }
        await judgement.CommitAsync();
        (await beat.WithinPatienceAsync()).Held.ShouldBeFalse();
    }

    private async Task<bool> IsHeldUpAsync()
    {
        await using var connection = new NpgsqlConnection(_server.ConnectionString());
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT count(*) FROM pg_stat_activity WHERE datname = 'idle' AND wait_event_type = 'Lock'", connection);
        return (long)(await command.ExecuteScalarAsync())! > 0;
    }

    private async Task<IReadOnlyList<ClaimedJob>> ClaimAsync() => (await _store.ClaimAsync(TestStore.Request(_node, ++_sequence))).Jobs;

    private async Task RoundAsync()
    {
        await _store.HeartbeatAsync(_node);
        await _store.RescueAsync();
        await _store.ExpireAsync();
        await _store.PruneAsync(Retention.Default);
        await ClaimAsync();
    }

    /// <summary>How many statements the server has done for the store meanwhile; BEGIN and COMMIT are some.</summary>
    private async Task<long> CountAsync(Func<Task> work)
    {
        var before = await CallsAsync();
        await work();
        return await CallsAsync() - before;
    }

    private async Task<long> CallsAsync()
    {
        await using var connection = new NpgsqlConnection(_server.ConnectionString());
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT coalesce(sum(s.calls), 0)::bigint FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = 'idle'", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
