using Fairlead.Storage;
using Fairlead.Testing;

namespace Fairlead.Servers.Tests.PostgreSql;

/// <summary>What became of attempts that claimed keys is derived from their jobs, and outlives these; keys are settled in the caller's own transaction, too.</summary>
public sealed class KeyTests(SharedServer server)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_key_outlives_the_job_that_kept_it_and_is_dropped_when_it_expires()
    {
        var clock = new ManualClock();
        await using var test = await TestStore.NewAsync(server);
        var store = await test.OpenAsync(clock);
        var node = (await store.JoinAsync(TestStore.Registration())).Node;
        await store.EnqueueAsync([TestStore.Job(), TestStore.Job()]);
        var jobs = (await store.ClaimAsync(TestStore.Request(node, 1))).Jobs;
        (await store.ClaimKeysAsync(Claim(jobs[0].Key, "kept"))).ShouldBe([KeyAnswer.New]);
        (await store.ClaimKeysAsync(Claim(jobs[1].Key, "kept", "lost"))).ShouldBe([KeyAnswer.Held, KeyAnswer.New]);
        AttemptTimes times = new(jobs[1].Key, clock.GetUtcNow(), clock.GetUtcNow());
        await store.ApplyAsync(node, [TestStore.Completed(jobs[0]), JobTransition.Failed(times, AttemptOutcome.Failed, "no")]);

        clock.Advance(TimeSpan.FromDays(8));
        (await store.PruneAsync(new(TimeSpan.FromDays(7), TimeSpan.FromDays(7)))).ShouldBe(2);
        (await store.ClaimKeysAsync(Claim(null, "kept", "lost"))).ShouldBe([KeyAnswer.Seen, KeyAnswer.New]);

        clock.Advance(TimeSpan.FromDays(31));
        (await store.PruneAsync(Retention.Default)).ShouldBe(2);
        (await store.ClaimKeysAsync(Claim(null, "kept", "lost"))).ShouldBe([KeyAnswer.New, KeyAnswer.New]);
    }

    [Theory]
    [InlineData(true, true, KeyAnswer.Seen)]
    [InlineData(true, false, KeyAnswer.New)]
    [InlineData(false, true, KeyAnswer.Held)]
    public async Task Keys_are_settled_if_and_only_if_the_caller_commits(bool commits, bool keep, KeyAnswer afterwards)
    {
        await using var test = await TestStore.NewAsync(server);
        var store = await test.OpenAsync();
        var node = (await store.JoinAsync(TestStore.Registration())).Node;
        var attempt = await RunningAsync(store, node);
        await store.ClaimKeysAsync(Claim(attempt.Key, "a"));
        await using var connection = await test.ConnectAsync();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            (await store.SettleKeysAsync(new("listings", ["a", "b"], attempt.Key, keep), transaction)).ShouldBe(1);
            (await store.SettleKeysAsync(new("listings", ["a"], attempt.Key, keep), transaction)).ShouldBe(0);
            // It is held all the while, and whoever asks for it need not wait.
            (await store.ClaimKeysAsync(Claim(null, "a")).AsTask().WaitAsync(Patience)).ShouldBe([KeyAnswer.Held]);
            if (commits)
            {
                await transaction.CommitAsync();
            }
        }
        (await store.ClaimKeysAsync(Claim(null, "a"))).ShouldBe([afterwards]);
    }

    [Theory]
    [InlineData(true, KeyAnswer.Seen)]
    [InlineData(false, KeyAnswer.New)]
    public async Task A_key_that_is_being_settled_is_not_taken_over_when_its_attempt_is_lost(bool commits, KeyAnswer afterwards)
    {
        await using var test = await TestStore.NewAsync(server);
        var (store, other) = (await test.OpenAsync(), await test.OpenAsync());
        var node = (await store.JoinAsync(TestStore.Registration())).Node;
        var attempt = await RunningAsync(store, node);
        await store.ClaimKeysAsync(Claim(attempt.Key, "a"));
        await using var connection = await test.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        (await store.SettleKeysAsync(new("listings", ["a"], attempt.Key, Keep: true), transaction)).ShouldBe(1);
        await store.LeaveAsync(node);

        var claim = other.ClaimKeysAsync(Claim(null, "a")).AsTask();
        await TransactionTests.WaitsAsync(test);
        (await other.ClaimKeysAsync(Claim(null, "b")).AsTask().WaitAsync(Patience)).ShouldBe([KeyAnswer.New]);
        claim.IsCompleted.ShouldBeFalse();
        await (commits ? transaction.CommitAsync() : transaction.RollbackAsync());
        (await claim.WaitAsync(Patience)).ShouldBe([afterwards]);
    }

    [Fact]
    public async Task An_attempt_that_has_ended_settles_nothing()
    {
        await using var test = await TestStore.NewAsync(server);
        var store = await test.OpenAsync();
        var node = (await store.JoinAsync(TestStore.Registration())).Node;
        var attempt = await RunningAsync(store, node);
        await store.ClaimKeysAsync(Claim(attempt.Key, "a"));
        await store.LeaveAsync(node);
        await using var connection = await test.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        (await store.SettleKeysAsync(new("listings", ["a"], attempt.Key, Keep: true), transaction)).ShouldBe(0);
        await transaction.CommitAsync();
        (await store.ClaimKeysAsync(Claim(null, "a"))).ShouldBe([KeyAnswer.New]);
    }

    private static async Task<ClaimedJob> RunningAsync(IJobStore store, NodeId node)
    {
        await store.EnqueueAsync([TestStore.Job()]);
        return (await store.ClaimAsync(TestStore.Request(node, 1))).Jobs.ShouldHaveSingleItem();
    }

    private static KeyClaim Claim(AttemptKey? attempt, params string[] keys) => new() { Scope = "listings", Keys = keys, Attempt = attempt };
}
