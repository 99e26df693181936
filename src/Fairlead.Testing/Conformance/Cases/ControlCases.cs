using Fairlead.Diagnostics;
using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>What operators do: pause and resume, cancel, retry.</summary>
internal static class ControlCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Pause.StopsClaims", "A paused queue gives nothing until it is resumed; others go on.", StopsClaims),
        new("Pause.RunningGoesOn", "What runs in a paused queue goes on and ends.", RunningGoesOn),
        new("Pause.OutlivesProcesses", "A pause is known to every process.", OutlivesProcesses),
        new("Pause.UnknownQueueIsMade", "Pausing a queue that is not known yet makes it.", UnknownQueueIsMade),
        new("Pause.GivesReason", "A job of a paused queue says so.", GivesReason),
        new("Pause.Twice", "Pausing and resuming twice is like once.", Twice),
        new("Cancel.Waiting", "A waiting job is cancelled now, whether scheduled, queued or blocked.", Waiting),
        new("Cancel.RunningIsMarked", "A running job is marked, and its node is told at every heartbeat until it ends.", RunningIsMarked),
        new("Cancel.NeverRunAgain", "A job whose cancellation was asked for is not run again, whatever its attempt says.", NeverRunAgain),
        new("Cancel.MayStillComplete", "A running job that completes before it hears of its cancellation is completed.", MayStillComplete),
        new("Cancel.SurvivesDeath", "A marked job whose node dies is cancelled, not run again.", SurvivesDeath),
        new("Cancel.SurvivesLeave", "A marked job whose node leaves is cancelled, not run again.", SurvivesLeave),
        new("Cancel.Ended", "Cancelling an ended job changes nothing.", Ended),
        new("Cancel.Unknown", "Cancelling what does not exist says so.", Unknown),
        new("Retry.MakesReady", "A failed or cancelled job is ready again, with all its retries.", MakesReady),
        new("Retry.NotWhileAlive", "A job that has not failed or been cancelled is not retried.", NotWhileAlive),
        new("Retry.Unknown", "Retrying what does not exist says so.", UnknownRetry),
        new("Retry.RenewsDeadline", "A retried job's deadline counts from its retry.", RenewsDeadline),
    ];

    private static async Task StopsClaims(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync();
        await scene.EnqueueAsync(Job("other"));
        await scene.Store.PauseAsync(Scene.Queue);
        var both = scene.Request(node) with { Queues = [new(Scene.Queue, [Kind], 9), new("other", [Kind], 9)] };
        var answer = await scene.Store.ClaimAsync(both);
        Expect.Sequence(["other"], answer.Jobs.Select(j => j.Queue));
        Expect.Equal(false, answer.More);
        await scene.Store.ResumeAsync(Scene.Queue);
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count);
    }

    private static async Task RunningGoesOn(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueManyAsync(2);
        var job = await scene.ClaimOneAsync(node);
        await scene.Store.PauseAsync(Scene.Queue);
        Expect.Empty((await scene.Store.HeartbeatAsync(node)).Cancel);
        await scene.CompleteAsync(node, job);
        Expect.Empty(await scene.ClaimAsync(node));
    }

    private static async Task OutlivesProcesses(Scene scene)
    {
        await scene.Store.PauseAsync(Scene.Queue);
        var other = await scene.OpenAnotherAsync();
        var node = await scene.JoinAsync(other);
        await scene.EnqueueAsync();
        Expect.Empty(await scene.ClaimAsync(node, store: other));
        Expect.Equal(true, (await other.ListQueuesAsync()).Single().Paused);
    }

    private static async Task UnknownQueueIsMade(Scene scene)
    {
        await scene.Store.PauseAsync("fresh");
        var queue = await scene.QueueAsync("fresh");
        Expect.Equal((true, 0L), (queue.Paused, queue.Jobs.Total));
        Expect.Null(queue.Definition);
    }

    private static async Task GivesReason(Scene scene)
    {
        var id = await scene.EnqueueAsync();
        await scene.Store.PauseAsync(Scene.Queue);
        Expect.Equal(WaitCause.Paused, (await scene.GetAsync(id)).Reason?.Cause);
    }

    private static async Task Twice(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync();
        await scene.Store.PauseAsync(Scene.Queue);
        await scene.Store.PauseAsync(Scene.Queue);
        await scene.Store.ResumeAsync(Scene.Queue);
        await scene.Store.ResumeAsync(Scene.Queue);
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count);
    }

    private static async Task Waiting(Scene scene)
    {
        var node = await scene.JoinAsync();
        var queued = await scene.EnqueueAsync();
        var scheduled = await scene.EnqueueAsync(Job(delay: 60));
        var blocked = await scene.EnqueueAsync(Job() with { After = [scheduled] });
        foreach (var id in (JobId[])[queued, blocked, scheduled])
        {
            Expect.Equal(new CancelResult(1, 0), await scene.Store.CancelAsync(id));
            var job = await scene.GetAsync(id);
            Expect.Equal((JobStatus.Cancelled, (DateTimeOffset?)scene.Clock.Now), (job.Status, job.EndedAt));
        }
        scene.Wait(7);
        Expect.Empty(await scene.ClaimAsync(node));
        Expect.Equal(new() { Cancelled = 3 }, await scene.TallyAsync());
    }

    private static async Task<(NodeId Node, JobId Id, ClaimedJob Job)> MarkedAsync(Scene scene, IJobStore? store = null)
    {
        var node = await scene.JoinAsync(store);
        var id = await scene.EnqueueAsync();
        var job = await scene.ClaimOneAsync(node, store: store);
        Expect.Equal(new CancelResult(0, 1), await scene.Store.CancelAsync(id));
        return (node, id, job);
    }

    private static async Task RunningIsMarked(Scene scene)
    {
        var (node, id, job) = await MarkedAsync(scene);
        Expect.Equal((JobStatus.Processing, true), ((await scene.GetAsync(id)).Status, (await scene.GetAsync(id)).CancelRequested));
        for (var i = 0; i < 3; i++)
        {
            Expect.Sequence([job.Key], (await scene.Store.HeartbeatAsync(node)).Cancel);
        }
        await scene.DoneAsync(node, JobTransition.Cancelled(scene.Times(job)));
        Expect.Equal((JobStatus.Cancelled, false), ((await scene.GetAsync(id)).Status, (await scene.GetAsync(id)).CancelRequested));
        Expect.Empty((await scene.Store.HeartbeatAsync(node)).Cancel);
    }

    private static async Task NeverRunAgain(Scene scene)
    {
        var (node, first, job) = await MarkedAsync(scene);
        await scene.DoneAsync(node, scene.Retried(job, 1));
        await scene.ExpectStatusAsync(first, JobStatus.Cancelled);
        var (again, second, other) = await MarkedAsync(scene);
        await scene.DoneAsync(again, JobTransition.HandedBack(scene.Times(other)));
        await scene.ExpectStatusAsync(second, JobStatus.Cancelled);
        scene.Wait(1);
        Expect.Empty(await scene.ClaimAsync(node));
    }

    private static async Task MayStillComplete(Scene scene)
    {
        var (node, id, job) = await MarkedAsync(scene);
        await scene.CompleteAsync(node, job);
        await scene.ExpectStatusAsync(id, JobStatus.Completed);
    }

    private static async Task SurvivesDeath(Scene scene)
    {
        var doomed = await scene.OpenAnotherAsync();
        var (_, id, _) = await MarkedAsync(scene, doomed);
        await scene.KillAsync(doomed);
        Expect.Equal(0, (await scene.Store.RescueAsync()).Requeued);
        await scene.ExpectStatusAsync(id, JobStatus.Cancelled);
    }

    private static async Task SurvivesLeave(Scene scene)
    {
        var (node, id, _) = await MarkedAsync(scene);
        await scene.Store.LeaveAsync(node);
        await scene.ExpectStatusAsync(id, JobStatus.Cancelled);
    }

    private static async Task Ended(Scene scene)
    {
        var node = await scene.JoinAsync();
        var id = await scene.EnqueueAsync();
        await scene.CompleteAsync(node, await scene.ClaimOneAsync(node));
        Expect.Equal(new CancelResult(0, 0), await scene.Store.CancelAsync(id));
        await scene.ExpectStatusAsync(id, JobStatus.Completed);
    }

    private static async Task Unknown(Scene scene) => Expect.Equal(null, await scene.Store.CancelAsync(new(4711)));

    private static async Task MakesReady(Scene scene)
    {
        var node = await scene.JoinAsync();
        var id = await scene.EnqueueAsync();
        await scene.DoneAsync(node, scene.Retried(await scene.ClaimOneAsync(node), 0));
        await scene.DoneAsync(node, scene.Failed(await scene.ClaimOneAsync(node)));
        Expect.Equal(1, await scene.Store.RetryAsync(id));
        var job = await scene.GetAsync(id);
        Expect.Equal(JobStatus.Queued, job.Status);
        Expect.Null(job.EndedAt);
        var claimed = await scene.ClaimOneAsync(node);
        Expect.Equal((1, 3L), (claimed.Attempt, claimed.Key.Fence));
        await scene.Store.CancelAsync(id);
        await scene.DoneAsync(node, JobTransition.Cancelled(scene.Times(claimed)));
        Expect.Equal(1, await scene.Store.RetryAsync(id));
        await scene.CompleteAsync(node, await scene.ClaimOneAsync(node));
        await scene.ExpectStatusAsync(id, JobStatus.Completed);
    }

    private static async Task NotWhileAlive(Scene scene)
    {
        var node = await scene.JoinAsync();
        var id = await scene.EnqueueAsync();
        Expect.Equal(0, await scene.Store.RetryAsync(id));
        var job = await scene.ClaimOneAsync(node);
        Expect.Equal(0, await scene.Store.RetryAsync(id));
        await scene.CompleteAsync(node, job);
        Expect.Equal(0, await scene.Store.RetryAsync(id));
        await scene.ExpectStatusAsync(id, JobStatus.Completed);
    }

    private static async Task UnknownRetry(Scene scene) => Expect.Equal(null, await scene.Store.RetryAsync(new(4711)));

    private static async Task RenewsDeadline(Scene scene)
    {
        var id = await scene.EnqueueAsync(Job() with { Deadline = TimeSpan.FromMinutes(1) });
        scene.Wait(90);
        await scene.Store.ExpireAsync();
        await scene.ExpectStatusAsync(id, JobStatus.Failed);
        Expect.Equal(1, await scene.Store.RetryAsync(id));
        Expect.Equal(scene.Clock.Now.AddMinutes(1), (await scene.GetAsync(id)).Deadline);
        Expect.Equal(0, await scene.Store.ExpireAsync());
    }
}
