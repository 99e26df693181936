using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>Deadlines of waiting jobs, and forgetting ended ones.</summary>
internal static class UpkeepCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Deadline.WaitingIsFailed", "Jobs that wait past their deadline are failed, saying what they waited for.", WaitingIsFailed),
        new("Deadline.RunningIsLeft", "A running job is not failed by upkeep.", RunningIsLeft),
        new("Deadline.Limit", "At most as many as asked for are failed in one call.", Limit),
        new("Deadline.CancelsDependents", "What waits for an expired job is cancelled.", CancelsDependents),
        new("Deadline.EndsBatch", "A batch whose last item expires ends and is finalized.", EndsBatch),
        new("Retention.ByAgeAndEnd", "Ended jobs are forgotten after their retention: completed ones earlier, failed and cancelled ones later.", ByAgeAndEnd),
        new("Retention.UnendedIsKept", "A job that has not ended is never forgotten.", UnendedIsKept),
        new("Retention.BatchAsAWhole", "A batch is forgotten with all its items, and none of them before it.", BatchAsAWhole),
        new("Retention.Limit", "At most as many as asked for are forgotten in one call.", PruneLimit),
        new("Retention.CountersFollow", "Forgotten jobs no longer count.", CountersFollow),
        new("Retention.RetriedIsKept", "A retried job is not forgotten for its earlier end.", RetriedIsKept),
    ];

    private static readonly Retention Short = new(TimeSpan.FromHours(1), TimeSpan.FromHours(3));

    private static async Task WaitingIsFailed(Scene scene)
    {
        var shortLived = Job() with { Deadline = TimeSpan.FromSeconds(10) };
        var queued = await scene.EnqueueAsync(shortLived);
        var scheduled = await scene.EnqueueAsync(shortLived with { Delay = TimeSpan.FromMinutes(1) });
        var longLived = await scene.EnqueueAsync(Job("elsewhere"));
        var blocked = await scene.EnqueueAsync(shortLived with { After = [longLived] });
        await scene.Store.PauseAsync(Scene.Queue);
        Expect.Equal(0, await scene.Store.ExpireAsync());
        scene.Wait(10);
        Expect.Equal(3, await scene.Store.ExpireAsync());
        foreach (var id in (JobId[])[queued, scheduled, blocked])
        {
            var job = await scene.GetAsync(id);
            Expect.Equal((JobStatus.Failed, (DateTimeOffset?)scene.Clock.Now), (job.Status, job.EndedAt));
            Expect.Contains("deadline", job.Error);
            Expect.Contains("paused", job.Error);
        }
        await scene.ExpectStatusAsync(longLived, JobStatus.Queued);
        Expect.Equal(0, await scene.Store.ExpireAsync());
    }

    private static async Task RunningIsLeft(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync(Job() with { Deadline = TimeSpan.FromSeconds(3) });
        var job = await scene.ClaimOneAsync(node);
        scene.Wait(5);
        Expect.Equal(0, await scene.Store.ExpireAsync());
        await scene.CompleteAsync(node, job);
    }

    private static async Task Limit(Scene scene)
    {
        await scene.Store.EnqueueAsync([.. Enumerable.Range(0, 5).Select(_ => Job() with { Deadline = TimeSpan.FromSeconds(1) })]);
        scene.Wait(2);
        Expect.Equal(3, await scene.Store.ExpireAsync(3));
        Expect.Equal(2, await scene.Store.ExpireAsync(3));
        Expect.Equal(new() { Failed = 5 }, await scene.TallyAsync());
    }

    private static async Task CancelsDependents(Scene scene)
    {
        var first = await scene.EnqueueAsync(Job() with { Deadline = TimeSpan.FromSeconds(1) });
        var second = await scene.EnqueueAsync(Job() with { After = [first] });
        scene.Wait(2);
        Expect.Equal(1, await scene.Store.ExpireAsync());
        await scene.ExpectStatusAsync(second, JobStatus.Cancelled);
    }

    private static async Task EndsBatch(Scene scene)
    {
        var batch = await scene.Store.EnqueueBatchAsync(Batch(1, finalize: Job("finalize")) with
        {
            Items = [Job() with { Deadline = TimeSpan.FromSeconds(1) }],
        });
        scene.Wait(2);
        await scene.Store.ExpireAsync();
        await scene.ExpectStatusAsync(batch, JobStatus.Completed);
        Expect.Equal(1L, (await scene.QueueAsync("finalize")).Jobs.Queued);
    }

    private static async Task ByAgeAndEnd(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueManyAsync(3);
        var jobs = await scene.ClaimAsync(node);
        await scene.Store.ApplyAsync(node, [scene.Completed(jobs[0]), scene.Failed(jobs[1]), JobTransition.Cancelled(scene.Times(jobs[2]))]);
        scene.Wait(3590);
        Expect.Equal(0, await scene.Store.PruneAsync(Short));
        scene.Wait(20);
        Expect.Equal(1, await scene.Store.PruneAsync(Short));
        Expect.Null(await scene.Store.GetJobAsync(jobs[0].Key.Job), "completed job after its retention");
        scene.Wait(2 * 3600);
        Expect.Equal(2, await scene.Store.PruneAsync(Short));
        Expect.Empty(await scene.AllAsync());
    }

    private static async Task UnendedIsKept(Scene scene)
    {
        var ids = await scene.EnqueueManyAsync(2);
        await scene.ClaimOneAsync(await scene.JoinAsync());
        scene.Wait(5 * 24 * 3600);
        Expect.Equal(0, await scene.Store.PruneAsync(Short));
        Expect.Sequence(ids, (await scene.AllAsync()).Select(j => j.Id));
    }

    private static async Task BatchAsAWhole(Scene scene)
    {
        var node = await scene.JoinAsync();
        var batch = await scene.Store.EnqueueBatchAsync(Batch(2, name: "n"));
        var jobs = await scene.ClaimAsync(node);
        await scene.CompleteAsync(node, jobs[0]);
        await scene.Store.HeartbeatAsync(node);
        scene.Wait(2 * 3600);
        Expect.Equal(0, await scene.Store.PruneAsync(Short));
        await scene.CompleteAsync(node, jobs[1]);
        scene.Wait(2 * 3600);
        Expect.True(await scene.Store.PruneAsync(Short) > 0, "the batch to be forgotten");
        Expect.Null(await scene.Store.GetJobAsync(batch));
        Expect.Null(await scene.Store.GetJobAsync(jobs[1].Key.Job));
        Expect.Equal(null, await scene.Store.FindBatchAsync("n"));
    }

    private static async Task PruneLimit(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueManyAsync(5);
        await scene.Store.ApplyAsync(node, [.. (await scene.ClaimAsync(node)).Select(j => scene.Completed(j))]);
        scene.Wait(2 * 3600);
        Expect.Equal(3, await scene.Store.PruneAsync(Short, 3));
        Expect.Equal(2, await scene.Store.PruneAsync(Short, 3));
    }

    private static async Task CountersFollow(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueManyAsync(2);
        await scene.CompleteAsync(node, await scene.ClaimOneAsync(node));
        scene.Wait(2 * 3600);
        await scene.Store.PruneAsync(Short);
        Expect.Equal(new() { Queued = 1 }, await scene.TallyAsync());
    }

    private static async Task RetriedIsKept(Scene scene)
    {
        var node = await scene.JoinAsync();
        var id = await scene.EnqueueAsync();
        await scene.DoneAsync(node, scene.Failed(await scene.ClaimOneAsync(node)));
        await scene.Store.RetryAsync(id);
        scene.Wait(4 * 3600);
        Expect.Equal(0, await scene.Store.PruneAsync(Short));
        await scene.ExpectStatusAsync(id, JobStatus.Queued);
    }
}
