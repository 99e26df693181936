using Fairlead.Storage;
using Fairlead.Testing;

namespace Fairlead.Sqlite.Tests;

/// <summary>What became of attempts that claimed keys is derived from their jobs, and outlives these.</summary>
public sealed class KeyTests
{
    [Fact]
    public async Task A_key_outlives_the_job_that_kept_it_and_is_dropped_when_it_expires()
    {
        var clock = new ManualClock();
        await using var temp = new TempStore();
        var store = await temp.OpenAsync(clock);
        var node = (await store.JoinAsync(TempStore.Registration())).Node;
        await store.EnqueueAsync([TempStore.Job(), TempStore.Job()]);
        var jobs = (await store.ClaimAsync(TempStore.Request(node, 1))).Jobs;
        (await store.ClaimKeysAsync(Claim(jobs[0].Key, "kept"))).ShouldBe([KeyAnswer.New]);
        (await store.ClaimKeysAsync(Claim(jobs[1].Key, "kept", "lost"))).ShouldBe([KeyAnswer.Held, KeyAnswer.New]);
        AttemptTimes times = new(jobs[1].Key, clock.GetUtcNow(), clock.GetUtcNow());
        await store.ApplyAsync(node, [TempStore.Completed(jobs[0]), JobTransition.Failed(times, AttemptOutcome.Failed, "no")]);

        clock.Advance(TimeSpan.FromDays(8));
        (await store.PruneAsync(new(TimeSpan.FromDays(7), TimeSpan.FromDays(7)))).ShouldBe(2);
        (await store.ClaimKeysAsync(Claim(null, "kept", "lost"))).ShouldBe([KeyAnswer.Seen, KeyAnswer.New]);

        clock.Advance(TimeSpan.FromDays(31));
        (await store.PruneAsync(Retention.Default)).ShouldBe(2);
        (await store.ClaimKeysAsync(Claim(null, "kept", "lost"))).ShouldBe([KeyAnswer.New, KeyAnswer.New]);
    }

    private static KeyClaim Claim(AttemptKey? attempt, params string[] keys) => new() { Scope = "listings", Keys = keys, Attempt = attempt };
}
