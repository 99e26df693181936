using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

internal static class FenceCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Fence.AppliedOnce", "The same attempt's end, applied twice, is applied once and answered as already applied.", AppliedOnce),
        new("Fence.OldFenceIsStale", "An earlier attempt's result is refused, changes nothing and is counted.", OldFenceIsStale),
        new("Fence.OtherNodeIsStale", "Only the node that holds an attempt may end it.", OtherNodeIsStale),
        new("Fence.WaitingJobIsStale", "A result for a job that nobody runs is refused.", WaitingJobIsStale),
        new("Fence.UnknownJobIsStale", "A result for a job that never was is refused.", UnknownJobIsStale),
        new("Fence.EachForItself", "Each transition stands for itself; one answer each, in order.", EachForItself),
        new("Fence.StaleEnqueuesNothing", "What a refused result would have enqueued does not appear.", StaleEnqueuesNothing),
        new("Fence.RepeatedEnqueuesOnce", "What a result enqueues appears once, however often it is delivered.", RepeatedEnqueuesOnce),
        new("Fence.AppliedAfterNextClaim", "The answer of an attempt that was applied stays 'already applied' while the next one runs.", AppliedAfterNextClaim),
        new("Fence.RescuedIsStale", "The result of an attempt whose node was found dead is refused.", RescuedIsStale),
    ];

    private static async Task AppliedOnce(Scene scene)
    {
        var node = await scene.JoinAsync();
        var id = await scene.EnqueueAsync();
        var job = await scene.ClaimOneAsync(node);
        var end = scene.Completed(job, "1");
        Expect.Equal(ApplyResult.Applied, await scene.ApplyAsync(node, end));
        Expect.Equal(ApplyResult.AlreadyApplied, await scene.ApplyAsync(node, end));
        await scene.ExpectStatusAsync(id, JobStatus.Completed);
        Expect.Equal(1L, (await scene.TallyAsync()).Completed);
        Expect.Equal(0L, (await scene.Store.GetCountersAsync()).StaleRefused);
    }

    private static async Task OldFenceIsStale(Scene scene)
    {
        var node = await scene.JoinAsync();
        var id = await scene.EnqueueAsync();
        var old = await scene.ClaimOneAsync(node);
        await scene.Store.ReconcileAsync(node, scene.NextSequence(node), []);
        var current = await scene.ClaimOneAsync(node);
        Expect.Equal(ApplyResult.Stale, await scene.ApplyAsync(node, scene.Completed(old, "\"old\"")));
        await scene.ExpectStatusAsync(id, JobStatus.Processing);
        Expect.Equal(1L, (await scene.Store.GetCountersAsync()).StaleRefused);
        await scene.DoneAsync(node, scene.Completed(current, "\"new\""));
        Expect.Equal("\"new\"", Text((await scene.GetAsync(id)).Result));
        Expect.Equal(ApplyResult.Stale, await scene.ApplyAsync(node, scene.Completed(old, "\"old\"")));
        Expect.Equal("\"new\"", Text((await scene.GetAsync(id)).Result));
        Expect.Equal(2L, (await scene.Store.GetCountersAsync()).StaleRefused);
    }

    private static async Task OtherNodeIsStale(Scene scene)
    {
        var (holder, other) = (await scene.JoinAsync(), await scene.JoinAsync());
        await scene.EnqueueAsync();
        var job = await scene.ClaimOneAsync(holder);
        Expect.Equal(ApplyResult.Stale, await scene.ApplyAsync(other, scene.Completed(job)));
        await scene.CompleteAsync(holder, job);
    }

    private static async Task WaitingJobIsStale(Scene scene)
    {
        var node = await scene.JoinAsync();
        var id = await scene.EnqueueAsync();
        var end = JobTransition.Completed(scene.Times(new AttemptKey(id, 0)), default, []);
        Expect.Equal(ApplyResult.Stale, await scene.ApplyAsync(node, end));
        await scene.ExpectStatusAsync(id, JobStatus.Queued);
    }

    private static async Task UnknownJobIsStale(Scene scene)
    {
        var node = await scene.JoinAsync();
        var end = JobTransition.Completed(scene.Times(new AttemptKey(new(4711), 1)), default, []);
        Expect.Equal(ApplyResult.Stale, await scene.ApplyAsync(node, end));
    }

    private static async Task EachForItself(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueManyAsync(3);
        var jobs = await scene.ClaimAsync(node);
        await scene.CompleteAsync(node, jobs[1]);
        var lost = JobTransition.Completed(scene.Times(jobs[2].Key with { Fence = jobs[2].Key.Fence + 1 }), default, []);
        var answers = await scene.Store.ApplyAsync(node, [scene.Completed(jobs[0]), scene.Completed(jobs[1]), lost, scene.Failed(jobs[2])]);
        Expect.Sequence([ApplyResult.Applied, ApplyResult.AlreadyApplied, ApplyResult.Stale, ApplyResult.Applied], answers);
        await scene.ExpectStatusAsync(jobs[2].Key.Job, JobStatus.Failed);
    }

    private static async Task StaleEnqueuesNothing(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync();
        var old = await scene.ClaimOneAsync(node);
        await scene.Store.ReconcileAsync(node, scene.NextSequence(node), []);
        await scene.ApplyAsync(node, scene.Completed(old, "", Job(), Job(key: "k")));
        Expect.Equal(1L, (await scene.TallyAsync()).Total);
    }

    private static async Task RepeatedEnqueuesOnce(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync();
        var end = scene.Completed(await scene.ClaimOneAsync(node), "", Job());
        await scene.Store.ApplyAsync(node, [end, end]);
        await scene.ApplyAsync(node, end);
        Expect.Equal(2L, (await scene.TallyAsync()).Total);
    }

    private static async Task AppliedAfterNextClaim(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync();
        var end = scene.Retried(await scene.ClaimOneAsync(node), 0);
        await scene.DoneAsync(node, end);
        var next = await scene.ClaimOneAsync(node);
        Expect.Equal(ApplyResult.AlreadyApplied, await scene.ApplyAsync(node, end));
        await scene.CompleteAsync(node, next);
        Expect.Equal(0L, (await scene.Store.GetCountersAsync()).StaleRefused);
    }

    private static async Task RescuedIsStale(Scene scene)
    {
        var doomed = await scene.OpenAnotherAsync();
        var (dead, alive) = (await scene.JoinAsync(doomed), await scene.JoinAsync());
        var id = await scene.EnqueueAsync();
        var job = await scene.ClaimOneAsync(dead, store: doomed);
        await scene.KillAsync(doomed);
        await scene.Store.RescueAsync();
        Expect.Equal(ApplyResult.Stale, await scene.ApplyAsync(dead, scene.Completed(job)));
        await scene.ExpectStatusAsync(id, JobStatus.Queued);
        await scene.CompleteAsync(alive, await scene.ClaimOneAsync(alive));
        Expect.Equal(1L, (await scene.Store.GetCountersAsync()).StaleRefused);
    }
}
