using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

internal static class BlockedCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Blocked.UntilCompleted", "A job that waits for another is blocked until that one completes, and ready in the same step.", UntilCompleted),
        new("Blocked.UntilAllCompleted", "A job that waits for several is blocked until the last one completes.", UntilAllCompleted),
        new("Blocked.DelayAfterwards", "A blocked job with a delay still waits for its time.", DelayAfterwards),
        new("Blocked.ByCompleted", "A job that waits for completed ones is ready at once.", ByCompleted),
        new("Blocked.ByFailed", "A job that waits for a failed or cancelled one is cancelled at once.", ByFailed),
        new("Blocked.FailureCancels", "When what it waits for fails, it is cancelled with that reason.", FailureCancels),
        new("Blocked.CancelCascades", "Jobs blocked by a cancelled one are cancelled too, and counted.", CancelCascades),
        new("Blocked.LongChain", "A chain of a thousand jobs falls in one step.", LongChain),
        new("Blocked.RetryDoesNotFreeEarly", "A failed attempt with tries left leaves waiting jobs blocked.", RetryDoesNotFreeEarly),
        new("Blocked.UnknownIsRefused", "Waiting for a job that does not exist is refused.", UnknownIsRefused),
        new("Blocked.EnqueuedWithUnknown", "A job enqueued by an attempt that waits for one that does not exist is cancelled at once.", EnqueuedWithUnknown),
        new("Blocked.ByOwnMaker", "A job enqueued by an attempt may wait for the very job that made it.", ByOwnMaker),
        new("Blocked.SameTwice", "Naming one job twice is naming it once.", SameTwice),
    ];

    private static async Task UntilCompleted(Scene scene)
    {
        var node = await scene.JoinAsync();
        var first = await scene.EnqueueAsync();
        var second = await scene.EnqueueAsync(Job(priority: 9) with { After = [first] });
        var job = await scene.GetAsync(second);
        Expect.Equal((JobStatus.Blocked, (Diagnostics.WaitCause?)Diagnostics.WaitCause.Blocked, first.ToString()), (job.Status, job.Reason?.Cause, job.Reason?.Key));
        var jobs = await scene.ClaimAsync(node);
        Expect.Sequence([first], jobs.Select(j => j.Key.Job));
        scene.Wait(3);
        await scene.CompleteAsync(node, jobs[0]);
        await scene.ExpectStatusAsync(second, JobStatus.Queued);
        Expect.Equal(scene.Clock.Now, (await scene.ClaimOneAsync(node)).ReadyAt);
    }

    private static async Task UntilAllCompleted(Scene scene)
    {
        var node = await scene.JoinAsync();
        var first = await scene.EnqueueManyAsync(3);
        var last = await scene.EnqueueAsync(Job() with { After = first });
        var jobs = await scene.ClaimAsync(node);
        await scene.Store.ApplyAsync(node, [scene.Completed(jobs[2]), scene.Completed(jobs[0])]);
        await scene.ExpectStatusAsync(last, JobStatus.Blocked);
        await scene.CompleteAsync(node, jobs[1]);
        await scene.ExpectStatusAsync(last, JobStatus.Queued);
    }

    private static async Task DelayAfterwards(Scene scene)
    {
        var node = await scene.JoinAsync();
        var first = await scene.EnqueueAsync();
        var second = await scene.EnqueueAsync(Job(delay: 5) with { After = [first] });
        var enqueued = scene.Clock.Now;
        scene.Wait(1);
        await scene.CompleteAsync(node, await scene.ClaimOneAsync(node));
        var job = await scene.GetAsync(second);
        Expect.Equal((JobStatus.Scheduled, (DateTimeOffset?)enqueued.AddSeconds(5)), (job.Status, job.DueAt));
    }

    private static async Task ByCompleted(Scene scene)
    {
        var node = await scene.JoinAsync();
        var first = await scene.EnqueueAsync();
        await scene.CompleteAsync(node, await scene.ClaimOneAsync(node));
        await scene.ExpectStatusAsync(await scene.EnqueueAsync(Job() with { After = [first] }), JobStatus.Queued);
    }

    private static async Task ByFailed(Scene scene)
    {
        var node = await scene.JoinAsync();
        var failed = await scene.EnqueueAsync();
        await scene.DoneAsync(node, scene.Failed(await scene.ClaimOneAsync(node)));
        var cancelled = await scene.EnqueueAsync();
        await scene.Store.CancelAsync(cancelled);
        foreach (var ended in (JobId[])[failed, cancelled])
        {
            var job = await scene.GetAsync(await scene.EnqueueAsync(Job(key: "k") with { After = [ended] }));
            Expect.Equal(JobStatus.Cancelled, job.Status);
            Expect.Contains(ended.ToString(), job.Error);
            Expect.Equal(scene.Clock.Now, job.EndedAt);
        }
        Expect.Equal(3L, (await scene.TallyAsync()).Cancelled);
    }

    private static async Task FailureCancels(Scene scene)
    {
        var node = await scene.JoinAsync();
        var first = await scene.EnqueueAsync();
        var other = await scene.EnqueueAsync(Job("elsewhere"));
        var second = await scene.EnqueueAsync(Job() with { After = [other, first] });
        var third = await scene.EnqueueAsync(Job() with { After = [second] });
        await scene.DoneAsync(node, scene.Failed(await scene.ClaimOneAsync(node)));
        await scene.ExpectStatusAsync(second, JobStatus.Cancelled);
        await scene.ExpectStatusAsync(third, JobStatus.Cancelled);
        Expect.Contains(first.ToString(), (await scene.GetAsync(second)).Error);
        Expect.Contains(second.ToString(), (await scene.GetAsync(third)).Error);
        Expect.Equal(new() { Failed = 1, Cancelled = 2 }, await scene.TallyAsync());
    }

    private static async Task CancelCascades(Scene scene)
    {
        var first = await scene.EnqueueAsync();
        var second = await scene.EnqueueAsync(Job() with { After = [first] });
        await scene.EnqueueAsync(Job() with { After = [second] });
        var free = await scene.EnqueueAsync();
        Expect.Equal(new CancelResult(3, 0), await scene.Store.CancelAsync(first));
        await scene.ExpectStatusAsync(free, JobStatus.Queued);
        Expect.Equal(3L, (await scene.TallyAsync()).Cancelled);
    }

    private static async Task LongChain(Scene scene)
    {
        var first = await scene.EnqueueAsync();
        var last = first;
        for (var i = 0; i < 1000; i++)
        {
            last = await scene.EnqueueAsync(Job() with { After = [last] });
        }
        await scene.Store.CancelAsync(first);
        await scene.ExpectStatusAsync(last, JobStatus.Cancelled);
        Expect.Equal(new() { Cancelled = 1001 }, await scene.TallyAsync());
    }

    private static async Task RetryDoesNotFreeEarly(Scene scene)
    {
        var node = await scene.JoinAsync();
        var first = await scene.EnqueueAsync();
        var second = await scene.EnqueueAsync(Job() with { After = [first] });
        await scene.DoneAsync(node, scene.Retried(await scene.ClaimOneAsync(node), 1));
        await scene.ExpectStatusAsync(second, JobStatus.Blocked);
    }

    private static async Task UnknownIsRefused(Scene scene)
    {
        var refused = await Expect.ThrowsAsync<ArgumentException>(async () => await scene.EnqueueAsync(Job() with { After = [new(4711)] }));
        Expect.Contains("4711", refused.Message);
        await Expect.ThrowsAsync<ArgumentException>(async () =>
            await scene.Store.EnqueueBatchAsync(Batch(1) with { Items = [Job() with { After = [new(4711)] }] }));
        Expect.Empty(await scene.AllAsync());
    }

    private static async Task EnqueuedWithUnknown(Scene scene)
    {
        var node = await scene.JoinAsync();
        var id = await scene.EnqueueAsync();
        await scene.DoneAsync(node, scene.Completed(await scene.ClaimOneAsync(node), "", Job() with { After = [new(4711)] }));
        await scene.ExpectStatusAsync(id, JobStatus.Completed);
        Expect.Equal(new() { Completed = 1, Cancelled = 1 }, await scene.TallyAsync());
    }

    private static async Task ByOwnMaker(Scene scene)
    {
        var node = await scene.JoinAsync();
        var id = await scene.EnqueueAsync();
        await scene.DoneAsync(node, scene.Completed(await scene.ClaimOneAsync(node), "", Job() with { After = [id] }));
        Expect.Equal(new() { Completed = 1, Queued = 1 }, await scene.TallyAsync());
    }

    private static async Task SameTwice(Scene scene)
    {
        var node = await scene.JoinAsync();
        var first = await scene.EnqueueAsync();
        var second = await scene.EnqueueAsync(Job() with { After = [first, first] });
        await scene.CompleteAsync(node, await scene.ClaimOneAsync(node));
        await scene.ExpectStatusAsync(second, JobStatus.Queued);
    }
}
