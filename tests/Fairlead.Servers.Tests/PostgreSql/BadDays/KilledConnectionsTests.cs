using System.Text;
using Fairlead.Bench;
using Fairlead.PostgreSql;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.Servers.Tests.PostgreSql.BadDays;

/// <summary>Single connections die: the idle ones are replaced unseen; a transaction that was cut is done again unless its commit may have happened.</summary>
public sealed class KilledConnectionsTests(OwnServer own) : IClassFixture<OwnServer>
{
    private static readonly NewJob s_job = new() { Queue = "q", Kind = new("work") };

    [Fact]
    public async Task Connections_that_died_while_idle_are_replaced_unseen()
    {
        var schema = own.NewSchema();
        await using var store = await OpenAsync(own.Options(schema));
        for (var round = 0; round < 3; round++)
        {
            await store.EnqueueAsync([s_job]);
            Assert.NotEmpty(await store.ListQueuesAsync());
            Assert.True(await KillAsync(schema) >= 2);
        }
        Assert.Equal(3, (await store.ListQueuesAsync())[0].Jobs.Total);
        await store.EnqueueAsync([s_job]);
    }

    [Fact]
    public async Task A_transaction_whose_connection_is_killed_before_its_commit_is_done_again_once()
    {
        var schema = own.NewSchema();
        await using var store = await OpenAsync(own.Options(schema));
        await store.EnqueueAsync([s_job]);
        var (waiting, holder) = await WaitForTurnAsync(store, schema);
        await using (holder)
        {
            Assert.Equal(1, await KillAsync(schema, "AND wait_event_type = 'Lock'"));
        }
        Assert.False((await waiting.WithinPatienceAsync())[0].Existing);
        Assert.Equal(2, (await store.ListQueuesAsync())[0].Jobs.Total);
    }

    [Fact]
    public async Task A_listener_whose_connection_is_killed_hears_again()
    {
        var schema = own.NewSchema();
        await using var store = await OpenAsync(own.Options(schema));
        await using var other = await OpenAsync(own.Options(schema));
        var heard = new Heard();
        using var listener = store.Listen(heard.Add);
        await Until.TrueAsync(() => heard.Count(Heard.Everything) == 1, "the listener listens");
        Assert.Equal(1, await KillAsync(schema, "AND query LIKE 'LISTEN%'"));
        await Until.TrueAsync(() => heard.Count(Heard.Everything) == 2, "it listens again");
        heard.Clear();
        await other.EnqueueAsync([s_job]);
        await Until.TrueAsync(() => heard.Any(StoreSignals.Work), "it hears of the job");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_call_that_was_cut_at_its_commit_may_have_happened_and_is_found_by_doing_it_again(bool reachedTheServer)
    {
        var schema = own.NewSchema();
        using var network = TcpProxy.To(own.Server.Port);
        // As behind a pooler, so that nothing is prepared and the proxy sees the commit go by.
        await using var store = await OpenAsync(own.Options(schema, network.Port) with { Pooled = true });
        var node = (await store.JoinAsync(new() { Name = "n", Slots = 1, Queues = [new(new() { Name = "q" }, [new("work")])] })).Node;
        await store.EnqueueAsync([s_job]);
        var claimed = (await store.ClaimAsync(Claim(node, 1))).Jobs.Single();
        var end = JobTransition.Completed(new(claimed.Key, claimed.ReadyAt, claimed.ReadyAt), Encoding.UTF8.GetBytes("{}"), [s_job]);

        network.CutAt = ("COMMIT\0"u8.ToArray(), reachedTheServer);
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.ApplyAsync(node, [end]));
        Assert.Null(network.CutAt);

        // The server may be about to commit still: the same end is asked for until it is answered, and it is done once whatever happened.
        var answer = await Until.AnsweredAsync(() => store.ApplyAsync(node, [end]));
        Assert.Equal(reachedTheServer ? ApplyResult.AlreadyApplied : ApplyResult.Applied, answer[0]);
        var tally = (await store.ListQueuesAsync())[0].Jobs;
        Assert.Equal((1, 1), (tally.Completed, tally.Queued));
    }

    [Fact]
    public async Task A_claim_whose_answer_was_lost_is_reconciled()
    {
        var schema = own.NewSchema();
        using var network = TcpProxy.To(own.Server.Port);
        await using var store = await OpenAsync(own.Options(schema, network.Port) with { Pooled = true });
        var node = (await store.JoinAsync(new() { Name = "n", Slots = 1, Queues = [new(new() { Name = "q" }, [new("work")])] })).Node;
        await store.EnqueueAsync([s_job]);
        network.CutAt = ("COMMIT\0"u8.ToArray(), true);
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.ClaimAsync(Claim(node, 1)));
        Assert.Equal(1, await Until.AnsweredAsync(() => store.ReconcileAsync(node, 2, [])));
        Assert.Single((await store.ClaimAsync(Claim(node, 3))).Jobs);
    }

    private static ClaimRequest Claim(NodeId node, long sequence) => new() { Node = node, Sequence = sequence, Slots = 1, Queues = [new("q", [new("work")], 1)] };

    private static async Task<PostgreSqlJobStore> OpenAsync(PostgreSqlStoreOptions options)
    {
        var store = new PostgreSqlJobStore(options);
        await store.OpenAsync();
        return store;
    }

    /// <summary>Ends the connections of a schema's stores one by one.</summary>
    /// <returns>How many there were.</returns>
    private Task<long> KillAsync(string schema, string which = "") =>
        own.NumberAsync($"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{schema}' {which}");

    /// <summary>A call that waits in its transaction, for a turn that another connection holds.</summary>
    private async Task<(Task<IReadOnlyList<EnqueuedJob>> Waiting, NpgsqlConnection Holder)> WaitForTurnAsync(PostgreSqlJobStore store, string schema)
    {
        var holder = new NpgsqlConnection(own.Server.ConnectionString() + ";Pooling=false");
        await holder.OpenAsync();
        await using var hold = new NpgsqlCommand($"SELECT pg_advisory_lock(1179731, hashtext('{schema}'))", holder);
        await hold.ExecuteNonQueryAsync();
        var waiting = store.EnqueueAsync([s_job]).AsTask();
        await Until.TrueAsync(
            async () => await own.NumberAsync($"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{schema}' AND wait_event_type = 'Lock'") == 1,
            () => "the call waits for its turn");
        return (waiting, holder);
    }
}
