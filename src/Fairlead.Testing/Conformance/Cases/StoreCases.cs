using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>The store as a whole: what it says of itself, signals, several callers at once.</summary>
internal static class StoreCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Store.SaysWhatItIs", "A store has a description and usable intervals, and may be opened again.", SaysWhatItIs),
        new("Store.CancelledCall", "A call whose token is cancelled already does not happen.", CancelledCall),
        new("Store.ManyCallers", "Every verb may be called by several at once: each job runs once, nothing is lost.", ManyCallers),
        new("Signal.Control", "Listeners hear of an operator's changes.", Control),
        new("Signal.Ended", "Listeners hear that jobs ended.", Ended),
        new("Signal.Room", "Listeners hear of room in a queue that was full.", Room),
        new("Abandoned.RetryRunsBeside", "After an abandoned attempt the next one runs, and ends, on its own.", RetryRunsBeside),
        new("Abandoned.OfOthersIsIgnored", "Only the node of an abandoned attempt releases it.", OfOthersIsIgnored),
        new("Block.LeaveEndsSlots", "What waited for a node's slots no longer does when the node leaves.", LeaveEndsSlots),
    ];

    private static async Task SaysWhatItIs(Scene scene)
    {
        Expect.True(scene.Store.Description.Contains(':', StringComparison.Ordinal), $"a description such as 'memory:'; it was '{scene.Store.Description}'");
        var traits = scene.Store.Traits;
        Expect.True(traits.Heartbeat > TimeSpan.Zero && traits.Sweep > TimeSpan.Zero && traits.Poll > TimeSpan.Zero, "intervals above zero");
        Expect.True(traits.Heartbeat * 3 <= Registration().Lease, "three heartbeats at least in a default lease");
        var id = await scene.EnqueueAsync();
        await scene.Store.OpenAsync();
        await scene.ExpectStatusAsync(id, JobStatus.Queued);
    }

    private static async Task CancelledCall(Scene scene)
    {
        await Expect.ThrowsAsync<OperationCanceledException>(async () => await scene.Store.EnqueueAsync([Job()], new CancellationToken(true)));
        Expect.Empty(await scene.AllAsync());
    }

    private static async Task ManyCallers(Scene scene)
    {
        const int Jobs = 200;
        var other = await scene.OpenAnotherAsync();
        var runs = new List<JobId>[4];
        var nodes = new NodeId[4];
        for (var i = 0; i < 4; i++)
        {
            (runs[i], nodes[i]) = ([], await scene.JoinAsync(i % 2 == 0 ? scene.Store : other, maxConcurrent: 9));
        }
        var producers = Enumerable.Range(0, 10).Select(i => (i % 2 == 0 ? scene.Store : other).EnqueueAsync([.. Enumerable.Repeat(Job(), Jobs / 10)]).AsTask());
        await Task.WhenAll(producers);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async i =>
        {
            var store = i % 2 == 0 ? scene.Store : other;
            var (sequence, empty) = (0L, 0);
            while (empty < 50)
            {
                var jobs = (await store.ClaimAsync(scene.Request(nodes[i], 3) with { Sequence = ++sequence })).Jobs;
                empty = jobs.Count == 0 ? empty + 1 : 0;
                runs[i].AddRange(jobs.Select(j => j.Key.Job));
                var answers = await store.ApplyAsync(nodes[i], [.. jobs.Select(j => scene.Completed(j))]);
                Expect.True(answers.All(a => a == ApplyResult.Applied), "every end applied");
                await Task.Yield();
            }
        }));
        var all = runs.SelectMany(r => r).ToList();
        Expect.Equal((Jobs, Jobs), (all.Count, all.Distinct().Count()), "the number of runs, and of jobs that ran");
        Expect.Equal(new() { Completed = Jobs }, await scene.TallyAsync());
    }

    private static async Task Control(Scene scene)
    {
        await scene.EnqueueAsync();
        var running = await scene.ClaimOneAsync(await scene.JoinAsync());
        await scene.HearAsync(StoreSignals.Control, async () => await scene.Store.CancelAsync(running.Key.Job));
        await scene.HearAsync(StoreSignals.Control, async () => await scene.Store.PauseAsync(Scene.Queue));
        await scene.HearAsync(StoreSignals.Work, async () => await scene.Store.ResumeAsync(Scene.Queue));
    }

    private static async Task Ended(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync();
        var job = await scene.ClaimOneAsync(node);
        await scene.HearAsync(StoreSignals.Ended, async () => await scene.CompleteAsync(node, job));
    }

    private static async Task Room(Scene scene)
    {
        var node = await scene.JoinAsync(maxConcurrent: 1);
        await scene.EnqueueManyAsync(2);
        var job = await scene.ClaimOneAsync(node);
        await scene.ClaimAsync(node);
        await scene.HearAsync(StoreSignals.Work, async () => await scene.CompleteAsync(node, job));
    }

    private static async Task RetryRunsBeside(Scene scene)
    {
        var node = await scene.JoinAsync(maxConcurrent: 1);
        var id = await scene.EnqueueAsync();
        var first = await scene.ClaimOneAsync(node);
        await scene.DoneAsync(node, scene.Retried(first, 0, AttemptOutcome.TimedOut, abandoned: true));
        var second = await scene.ClaimOneAsync(node);
        Expect.Equal(2, second.Attempt);
        Expect.Equal(1, (await scene.QueueAsync()).Abandoned);
        Expect.Equal(ApplyResult.Stale, await scene.ApplyAsync(node, scene.Completed(first)));
        await scene.Store.ReleaseAbandonedAsync(node, first.Key);
        await scene.ExpectStatusAsync(id, JobStatus.Processing);
        await scene.CompleteAsync(node, second);
        Expect.Equal(0, (await scene.QueueAsync()).Abandoned);
    }

    private static async Task OfOthersIsIgnored(Scene scene)
    {
        var (node, other) = (await scene.JoinAsync(), await scene.JoinAsync());
        await scene.EnqueueAsync();
        var job = await scene.ClaimOneAsync(node);
        await scene.DoneAsync(node, scene.Failed(job, AttemptOutcome.TimedOut, abandoned: true));
        await scene.Store.ReleaseAbandonedAsync(other, job.Key);
        Expect.Equal(1, (await scene.QueueAsync()).Abandoned);
        await scene.Store.ReleaseAbandonedAsync(node, job.Key);
        await scene.Store.ReleaseAbandonedAsync(node, job.Key);
        Expect.Equal(0, (await scene.QueueAsync()).Abandoned);
    }

    private static async Task LeaveEndsSlots(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.JoinAsync();
        await scene.EnqueueManyAsync(2);
        await scene.ClaimAsync(node, 1);
        scene.Wait(2);
        await scene.Store.LeaveAsync(node);
        var block = (await scene.Store.GetBlocksAsync(Scene.Queue, DateTimeOffset.MinValue, DateTimeOffset.MaxValue))
            .Single(b => b.Cause == Diagnostics.WaitCause.Slot);
        Expect.Equal(scene.Clock.Now, block.To);
    }
}
