using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

internal static class UniqueCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Unique.HolderIsNamed", "A job whose unique key is held is not added; the answer names the holder.", HolderIsNamed),
        new("Unique.InOneCall", "Two of one call count in order.", InOneCall),
        new("Unique.PerQueue", "A unique key is unique in its queue only.", PerQueue),
        new("Unique.HeldThroughLife", "It is held while the job is scheduled, queued, blocked, processing, or waits for a retry.", HeldThroughLife),
        new("Unique.FreeAfterEnd", "It is free when the job has ended, however it did.", FreeAfterEnd),
        new("Unique.HeldByAbandoned", "An abandoned attempt holds the key after its job has ended, until it is released.", HeldByAbandoned),
        new("Unique.UnknownReleaseIsIgnored", "Releasing an attempt that was not abandoned changes nothing.", UnknownReleaseIsIgnored),
        new("Unique.Successor", "A job may enqueue its own successor under its own key.", Successor),
        new("Unique.RetryOfTakenKey", "A failed job whose key another job holds by now is not retried.", RetryOfTakenKey),
        new("Unique.RetryTakesKey", "A retried job holds its key again.", RetryTakesKey),
        new("Unique.AcrossProcesses", "Of two processes that enqueue one key, one adds the job.", AcrossProcesses),
    ];

    private static async Task<bool> IsHeldAsync(Scene scene) => (await scene.Store.EnqueueAsync([Job(key: "k")]))[0].Existing;

    private static async Task HolderIsNamed(Scene scene)
    {
        var first = (await scene.Store.EnqueueAsync([Job(key: "k")]))[0];
        var second = (await scene.Store.EnqueueAsync([Job(key: "k")]))[0];
        Expect.Equal(new EnqueuedJob(first.Id, false), first);
        Expect.Equal(new EnqueuedJob(first.Id, true), second);
        Expect.Equal(1L, (await scene.TallyAsync()).Total);
    }

    private static async Task InOneCall(Scene scene)
    {
        var added = await scene.Store.EnqueueAsync([Job(key: "k"), Job(), Job(key: "k"), Job(key: "l")]);
        Expect.Sequence([false, false, true, false], added.Select(e => e.Existing));
        Expect.Equal(added[0].Id, added[2].Id);
        Expect.Equal(3L, (await scene.TallyAsync()).Total);
    }

    private static async Task PerQueue(Scene scene)
    {
        var added = await scene.Store.EnqueueAsync([Job("a", key: "k"), Job("b", key: "k")]);
        Expect.Sequence([false, false], added.Select(e => e.Existing));
    }

    private static async Task HeldThroughLife(Scene scene)
    {
        var node = await scene.JoinAsync();
        var first = await scene.EnqueueAsync(Job("other"));
        await scene.EnqueueAsync(Job(key: "k", delay: 10) with { After = [first] });
        Expect.Equal(true, await IsHeldAsync(scene), "held while blocked");
        var otherNode = await scene.JoinAsync(Registration(new() { Name = "other" }));
        await scene.CompleteAsync(otherNode, (await scene.Store.ClaimAsync(scene.Request(otherNode, queue: "other"))).Jobs[0]);
        Expect.Equal(true, await IsHeldAsync(scene), "held while scheduled");
        scene.Wait(10);
        await scene.Store.HeartbeatAsync(node);
        node = await scene.JoinAsync();
        var job = await scene.ClaimOneAsync(node);
        Expect.Equal(true, await IsHeldAsync(scene), "held while processing");
        await scene.DoneAsync(node, scene.Retried(job, 0));
        Expect.Equal(true, await IsHeldAsync(scene), "held while queued again");
        await scene.CompleteAsync(node, await scene.ClaimOneAsync(node));
        Expect.Equal(false, await IsHeldAsync(scene), "held after the end");
    }

    private static async Task FreeAfterEnd(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync(Job(key: "k"));
        await scene.CompleteAsync(node, await scene.ClaimOneAsync(node));
        Expect.Equal(false, await IsHeldAsync(scene), "held after completion");
        await scene.DoneAsync(node, scene.Failed(await scene.ClaimOneAsync(node)));
        var added = (await scene.Store.EnqueueAsync([Job(key: "k")]))[0];
        Expect.Equal(false, added.Existing, "held after failure");
        await scene.Store.CancelAsync(added.Id);
        Expect.Equal(false, await IsHeldAsync(scene), "held after cancellation");
    }

    private static async Task HeldByAbandoned(Scene scene)
    {
        var node = await scene.JoinAsync(maxConcurrent: 1);
        var id = await scene.EnqueueAsync(Job(key: "k"));
        var job = await scene.ClaimOneAsync(node);
        await scene.DoneAsync(node, scene.Failed(job, AttemptOutcome.TimedOut, abandoned: true));
        await scene.ExpectStatusAsync(id, JobStatus.Failed);
        Expect.Equal(new EnqueuedJob(id, true), (await scene.Store.EnqueueAsync([Job(key: "k")]))[0]);
        Expect.Equal(1, (await scene.QueueAsync()).Abandoned);
        await scene.EnqueueAsync();
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count, "jobs claimed for the slot the abandoned attempt gave back");
        await scene.Store.ReleaseAbandonedAsync(node, job.Key);
        Expect.Equal(0, (await scene.QueueAsync()).Abandoned);
        Expect.Equal(1L, (await scene.Store.GetCountersAsync()).Abandoned);
        Expect.Equal(false, await IsHeldAsync(scene), "held after the release");
    }

    private static async Task UnknownReleaseIsIgnored(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync(Job(key: "k"));
        var job = await scene.ClaimOneAsync(node);
        await scene.Store.ReleaseAbandonedAsync(node, job.Key);
        await scene.Store.ReleaseAbandonedAsync(new(4711), job.Key);
        await scene.Store.ReleaseAbandonedAsync(node, new(new(4711), 1));
        Expect.Equal(true, await IsHeldAsync(scene));
        await scene.CompleteAsync(node, job);
    }

    private static async Task Successor(Scene scene)
    {
        var node = await scene.JoinAsync();
        var first = await scene.EnqueueAsync(Job(key: "k"));
        await scene.DoneAsync(node, scene.Completed(await scene.ClaimOneAsync(node), "", Job(key: "k")));
        var next = await scene.ClaimOneAsync(node);
        Expect.True(next.Key.Job != first, "the successor to be a job of its own");
    }

    private static async Task RetryOfTakenKey(Scene scene)
    {
        var node = await scene.JoinAsync();
        var first = await scene.EnqueueAsync(Job(key: "k"));
        await scene.DoneAsync(node, scene.Failed(await scene.ClaimOneAsync(node)));
        await scene.EnqueueAsync(Job(key: "k"));
        Expect.Equal(0, await scene.Store.RetryAsync(first));
        await scene.ExpectStatusAsync(first, JobStatus.Failed);
    }

    private static async Task RetryTakesKey(Scene scene)
    {
        var node = await scene.JoinAsync();
        var first = await scene.EnqueueAsync(Job(key: "k"));
        await scene.DoneAsync(node, scene.Failed(await scene.ClaimOneAsync(node)));
        Expect.Equal(1, await scene.Store.RetryAsync(first));
        Expect.Equal(new EnqueuedJob(first, true), (await scene.Store.EnqueueAsync([Job(key: "k")]))[0]);
    }

    private static async Task AcrossProcesses(Scene scene)
    {
        var other = await scene.OpenAnotherAsync();
        var tasks = Enumerable.Range(0, 20).Select(i => (i % 2 == 0 ? scene.Store : other).EnqueueAsync([Job(key: "k")]).AsTask());
        var answers = (await Task.WhenAll(tasks)).Select(a => a[0]).ToList();
        Expect.Equal(1, answers.Count(a => !a.Existing), "the number of jobs added");
        Expect.Equal(1, answers.Select(a => a.Id).Distinct().Count(), "the number of holders named");
    }
}
