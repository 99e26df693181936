using Fairlead.Diagnostics;
using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>What the end of an attempt does to its job: results, retries, deferrals, hand-backs, next steps.</summary>
internal static class AttemptCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Attempt.CompletedKeepsResult", "A completed job keeps its result and when it ran.", CompletedKeepsResult),
        new("Attempt.FailedKeepsError", "A failed job keeps what went wrong.", FailedKeepsError),
        new("Attempt.RetryWaits", "A failed attempt with tries left goes back to scheduled for its delay, counted from when it is applied.", RetryWaits),
        new("Attempt.RetryCosts", "A failed attempt counts; the next one has the next number.", RetryCosts),
        new("Attempt.CompletionClearsError", "A job that completes after a failure shows no error.", CompletionClearsError),
        new("Attempt.DeferredCostsNothing", "A deferred attempt is scheduled again and costs no attempt.", DeferredCostsNothing),
        new("Attempt.HandedBackIsQueued", "A job that was handed back is queued again at once, at no cost.", HandedBackIsQueued),
        new("Attempt.DeadlineCutsRetry", "A retry that would begin at or after the deadline is a failure with that reason.", DeadlineCutsRetry),
        new("Attempt.DeferredPastDeadline", "A deferral past the deadline is a failure with that reason.", DeferredPastDeadline),
        new("Attempt.EnqueuesWithCompletion", "What an attempt enqueues appears with its completion.", EnqueuesWithCompletion),
        new("Attempt.ThenOfJob", "The job's own next step gets the result as its payload.", ThenOfJob),
        new("Attempt.ThenOfQueue", "The queue's next step counts when the job has none.", ThenOfQueue),
        new("Attempt.ThenTakesKeys", "A next step has the group and the unique key that its queue finds in the result: of two with one key, one is added.", ThenTakesKeys),
        new("Attempt.ThenOnlyAfterSuccess", "The next step follows success only.", ThenOnlyAfterSuccess),
        new("Attempt.RetryBudgetPaces", "Retries beyond the queue's budget are paced one a second, never refused.", RetryBudgetPaces),
        new("Attempt.RetryBudgetPays", "First attempts pay retries in.", RetryBudgetPays),
        new("Attempt.TimedOutIsKept", "A timed-out attempt is told from other failures.", TimedOutIsKept),
    ];

    private static async Task<(NodeId Node, JobId Id, ClaimedJob Job)> RunAsync(Scene scene, NewJob? job = null)
    {
        var node = await scene.JoinAsync();
        var id = await scene.EnqueueAsync(job);
        return (node, id, await scene.ClaimOneAsync(node));
    }

    private static async Task CompletedKeepsResult(Scene scene)
    {
        var (node, id, claimed) = await RunAsync(scene);
        var started = scene.Clock.Now.AddSeconds(1);
        scene.Wait(3);
        await scene.DoneAsync(node, JobTransition.Completed(new(claimed.Key, started, scene.Clock.Now), Utf8("""{"ok":true}"""), []));
        var job = await scene.GetAsync(id);
        Expect.Equal(JobStatus.Completed, job.Status);
        Expect.Equal("""{"ok":true}""", Text(job.Result));
        Expect.Equal(started, job.StartedAt);
        Expect.Equal(scene.Clock.Now, job.EndedAt);
        Expect.Equal(AttemptOutcome.Completed, job.LastOutcome);
        Expect.Equal(1, job.Attempt);
        Expect.Null(job.Error);
    }

    private static async Task FailedKeepsError(Scene scene)
    {
        var (node, id, claimed) = await RunAsync(scene);
        await scene.DoneAsync(node, scene.Failed(claimed));
        var job = await scene.GetAsync(id);
        Expect.Equal((JobStatus.Failed, "It broke.", (AttemptOutcome?)AttemptOutcome.Failed), (job.Status, job.Error, job.LastOutcome));
    }

    private static async Task RetryWaits(Scene scene)
    {
        var (node, id, claimed) = await RunAsync(scene);
        var retry = scene.Retried(claimed, 10);
        scene.Wait(2);
        await scene.DoneAsync(node, retry);
        var job = await scene.GetAsync(id);
        Expect.Equal((JobStatus.Scheduled, (DateTimeOffset?)scene.Clock.Now.AddSeconds(10)), (job.Status, job.DueAt));
        Expect.Equal(WaitCause.Retry, job.Reason?.Cause);
        Expect.Empty(await scene.ClaimAsync(node));
    }

    private static async Task RetryCosts(Scene scene)
    {
        var (node, id, claimed) = await RunAsync(scene);
        await scene.DoneAsync(node, scene.Retried(claimed, 0));
        Expect.Equal(1, (await scene.GetAsync(id)).Attempt);
        Expect.Equal(2, (await scene.ClaimOneAsync(node)).Attempt);
        Expect.Equal(2, (await scene.GetAsync(id)).Attempt);
    }

    private static async Task CompletionClearsError(Scene scene)
    {
        var (node, id, claimed) = await RunAsync(scene);
        await scene.DoneAsync(node, scene.Retried(claimed, 0));
        Expect.Equal("It broke.", (await scene.GetAsync(id)).Error);
        await scene.CompleteAsync(node, await scene.ClaimOneAsync(node));
        Expect.Null((await scene.GetAsync(id)).Error);
    }

    private static async Task DeferredCostsNothing(Scene scene)
    {
        var (node, id, claimed) = await RunAsync(scene);
        await scene.DoneAsync(node, JobTransition.Deferred(scene.Times(claimed), "429", TimeSpan.FromSeconds(5), WaitCause.Limit));
        var job = await scene.GetAsync(id);
        Expect.Equal((JobStatus.Scheduled, 0, (WaitCause?)WaitCause.Limit), (job.Status, job.Attempt, job.Reason?.Cause));
        Expect.Equal(AttemptOutcome.Deferred, job.LastOutcome);
        scene.Wait(5);
        Expect.Equal(1, (await scene.ClaimOneAsync(node)).Attempt);
    }

    private static async Task HandedBackIsQueued(Scene scene)
    {
        var (node, id, claimed) = await RunAsync(scene);
        await scene.DoneAsync(node, JobTransition.HandedBack(scene.Times(claimed)));
        await scene.ExpectStatusAsync(id, JobStatus.Queued);
        Expect.Equal(1, (await scene.ClaimOneAsync(node)).Attempt);
    }

    private static async Task DeadlineCutsRetry(Scene scene)
    {
        var (node, id, claimed) = await RunAsync(scene, Job() with { Deadline = TimeSpan.FromSeconds(10) });
        await scene.DoneAsync(node, scene.Retried(claimed, 10));
        var job = await scene.GetAsync(id);
        Expect.Equal(JobStatus.Failed, job.Status);
        Expect.Contains("deadline", job.Error);
        Expect.Contains("It broke.", job.Error);
    }

    private static async Task DeferredPastDeadline(Scene scene)
    {
        var (node, id, claimed) = await RunAsync(scene, Job() with { Deadline = TimeSpan.FromSeconds(10) });
        await scene.DoneAsync(node, JobTransition.Deferred(scene.Times(claimed), null, TimeSpan.FromSeconds(60), WaitCause.Limit));
        await scene.ExpectStatusAsync(id, JobStatus.Failed);
    }

    private static async Task EnqueuesWithCompletion(Scene scene)
    {
        var (node, id, claimed) = await RunAsync(scene);
        await scene.DoneAsync(node, scene.Completed(claimed, "", Job() with { Parent = id }, Job(delay: 9)));
        Expect.Equal(new() { Completed = 1, Queued = 1, Scheduled = 1 }, await scene.TallyAsync());
        Expect.Equal(id, (await scene.ClaimOneAsync(node)).Parent);
    }

    private static async Task ThenOfJob(Scene scene)
    {
        var (node, id, claimed) = await RunAsync(scene, Job() with { Then = new("next", new("step", 2)) });
        await scene.DoneAsync(node, scene.Completed(claimed, """{"r":1}"""));
        var next = (await scene.Store.ListJobsAsync(new() { Queue = "next" })).Jobs.Single();
        Expect.Equal((new JobKind("step", 2), """{"r":1}""", (JobId?)id), (next.Kind, Text(next.Payload), next.Parent));
        Expect.Equal(JobStatus.Queued, next.Status);
    }

    private static async Task ThenOfQueue(Scene scene)
    {
        var node = await scene.JoinAsync(Registration(new() { Name = Scene.Queue, Then = new("next", new("step")) }));
        await scene.EnqueueAsync();
        await scene.EnqueueAsync(Job() with { Then = new("own", new("step")) });
        foreach (var job in await scene.ClaimAsync(node))
        {
            await scene.CompleteAsync(node, job);
        }
        Expect.Equal((1L, 1L), ((await scene.QueueAsync("next")).Jobs.Queued, (await scene.QueueAsync("own")).Jobs.Queued));
    }

    private static async Task ThenTakesKeys(Scene scene)
    {
        var next = new QueueDefinition { Name = "next", Group = "/site", Unique = "/id" };
        var node = await scene.JoinAsync(Flow([new() { Name = Scene.Queue, Then = new("next", new("step")) }, next]));
        await scene.Store.EnqueueAsync([Job(group: "from"), Job(group: "from"), Job(group: "from")]);
        var jobs = await scene.ClaimAsync(node);
        foreach (var (job, result) in jobs.Zip(["""{"id":1,"site":"a"}""", """{"id":1,"site":"b"}""", """{"id":2}"""]))
        {
            await scene.DoneAsync(node, scene.Completed(job, result));
        }
        Expect.Sequence(
            [("1", "a"), ("2", "from")],
            (await scene.Store.ListJobsAsync(new() { Queue = "next" })).Jobs.Select(job => (job.UniqueKey, job.Group)).Order());
    }

    private static async Task ThenOnlyAfterSuccess(Scene scene)
    {
        var (node, _, claimed) = await RunAsync(scene, Job() with { Then = new("next", new("step")) });
        await scene.DoneAsync(node, scene.Retried(claimed, 0));
        await scene.DoneAsync(node, scene.Failed(await scene.ClaimOneAsync(node)));
        Expect.Empty((await scene.Store.ListJobsAsync(new() { Queue = "next" })).Jobs);
    }

    private static async Task RetryBudgetPaces(Scene scene)
    {
        var node = await scene.JoinAsync(Registration(new() { Name = Scene.Queue, RetryBudget = 0.1 }));
        var ids = await scene.EnqueueManyAsync(5);
        var jobs = await scene.ClaimAsync(node);
        await scene.Store.ApplyAsync(node, [.. jobs.Select(j => scene.Retried(j, 0))]);
        var due = new List<double>();
        foreach (var id in ids)
        {
            var job = await scene.GetAsync(id);
            due.Add(job.DueAt is { } at ? (at - scene.Clock.Now).TotalSeconds : 0);
        }
        Expect.Sequence([0d, 1, 2, 3, 4], due);
    }

    private static async Task RetryBudgetPays(Scene scene)
    {
        var node = await scene.JoinAsync(Registration(new() { Name = Scene.Queue, RetryBudget = 0.5 }));
        await scene.EnqueueManyAsync(10);
        var jobs = await scene.ClaimAsync(node);
        foreach (var job in jobs.Take(6))
        {
            await scene.CompleteAsync(node, job);
        }
        // Six first attempts have paid for three, and each of these pays half of itself.
        await scene.Store.ApplyAsync(node, [.. jobs.Skip(6).Select(j => scene.Retried(j, 0))]);
        Expect.Equal(4L, (await scene.TallyAsync()).Queued);
    }

    private static async Task TimedOutIsKept(Scene scene)
    {
        var (node, id, claimed) = await RunAsync(scene);
        await scene.DoneAsync(node, scene.Failed(claimed, AttemptOutcome.TimedOut));
        Expect.Equal(AttemptOutcome.TimedOut, (await scene.GetAsync(id)).LastOutcome);
        Expect.Equal(new() { Failed = 1, TimedOut = 1 }, await scene.TallyAsync());
        await scene.Store.RetryAsync(id);
        Expect.Equal(new() { Queued = 1 }, await scene.TallyAsync());
    }
}
