using Fairlead.Diagnostics;
using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>Circuit breakers of groups, of whole queues, and of limits.</summary>
internal static class BreakerCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Breaker.Opens", "A group's breaker opens after n failures in a row, and not before.", Opens),
        new("Breaker.SuccessResets", "A success in between begins the count anew.", SuccessResets),
        new("Breaker.SmallWindow", "It opens as well when half of the last outcomes failed.", SmallWindow),
        new("Breaker.SlowStart", "A group that has not succeeded yet has at most n − f attempts in flight.", SlowStart),
        new("Breaker.ProvenRunsFree", "One that has succeeded runs as many as there are slots.", ProvenRunsFree),
        new("Breaker.Quarantine", "Quarantined jobs are not claimed, spend no attempt, and the claim says when to come again; others go on.", Quarantine),
        new("Breaker.SaysWhy", "Quarantined jobs say so; the quarantine is recorded.", SaysWhy),
        new("Breaker.OneProbe", "When its time is over, exactly one probe goes out in the whole cluster.", OneProbe),
        new("Breaker.ProbeCloses", "A probe that succeeds closes it.", ProbeCloses),
        new("Breaker.ProbeDoubles", "A probe that fails opens it for twice as long, up to the longest.", ProbeDoubles),
        new("Breaker.ProbeLost", "A probe that says nothing about the upstream makes room for another one.", ProbeLost),
        new("Breaker.Neutral", "What is deferred, given back, cancelled, lost with its node, or the job's own fault does not count.", Neutral),
        new("Breaker.TimeoutsCount", "Timeouts count as failures do.", TimeoutsCount),
        new("Breaker.HalfAtMost", "Never more than half of the groups are quarantined: when more fail, the queue pauses and its nodes are told.", HalfAtMost),
        new("Breaker.OutageEnds", "Such a pause ends after its time, and is forgotten with the next success.", OutageEnds),
        new("Breaker.OneOfOne", "One group alone may always be quarantined.", OneOfOne),
        new("Breaker.ByHand", "A group's breaker is opened and closed by hand, from any process.", ByHand),
        new("Breaker.ByHandWithoutPolicy", "Also where the queue has none; when its time is over, the group runs.", ByHandWithoutPolicy),
        new("Breaker.QueueByHand", "A whole queue's breaker is opened by hand, and stays so whatever still succeeds.", QueueByHand),
        new("Breaker.ClosedForgets", "Closing by hand forgets the failures.", ClosedForgets),
        new("Breaker.UnknownKey", "There is nothing to open or close under an unknown key.", UnknownKey),
        new("Breaker.DeadCostsLittle", "A dead group costs at most 14 attempts in its first hour, with 50 slots.", DeadCostsLittle),
        new("Breaker.Limit", "A limit's breaker keeps back claims and calls alike.", OfLimit),
        new("Breaker.LimitProbe", "When its time is over, one probe is let through, by claim or call; its report decides.", LimitProbe),
        new("Breaker.LimitByHand", "A limit's breaker is opened and closed by hand.", LimitByHand),
        new("Breaker.LimitOfGroup", "Where each group has a limit of its own, each has a breaker of its own.", LimitOfGroup),
    ];

    private static BreakerPolicy Policy { get; } = new() { Failures = 3, OpenFor = TimeSpan.FromSeconds(30), MaxOpen = TimeSpan.FromSeconds(100) };

    private static QueueDefinition Guarded { get; } = new() { Name = Scene.Queue, Breaker = Policy };

    private static Limit GuardedLimit { get; } = new() { Rate = 8.PerSecond(), Breaker = Policy };

    private static async Task FailAsync(Scene scene, NodeId node, int times, string group = "a")
    {
        for (var i = 0; i < times; i++)
        {
            await scene.EnqueueAsync(1, group);
            var job = await scene.ClaimOneAsync(node);
            Expect.Equal(group, job.Group);
            await scene.DoneAsync(node, scene.Failed(job));
        }
    }

    private static async Task SucceedAsync(Scene scene, NodeId node, string group)
    {
        await scene.EnqueueAsync(1, group);
        await scene.CompleteAsync(node, await scene.ClaimOneAsync(node));
    }

    /// <summary>A node whose group a is quarantined, with jobs of it waiting, beside three healthy groups.</summary>
    private static async Task<NodeId> QuarantinedAsync(Scene scene, int waiting = 1)
    {
        var node = await scene.JoinAsync(Flow([Guarded]));
        await FailAsync(scene, node, 3);
        await scene.EnqueueAsync(waiting, "a");
        return node;
    }

    private static async Task Opens(Scene scene)
    {
        var node = await scene.JoinAsync(Flow([Guarded]));
        await FailAsync(scene, node, 2);
        Expect.Equal((false, 2), ((await scene.BreakerAsync("q/a"))!.IsOpen, (await scene.BreakerAsync("q/a"))!.Failures));
        await FailAsync(scene, node, 1);
        var breaker = Expect.NotNull(await scene.BreakerAsync("q/a"));
        Expect.Equal((true, 30d, 3), (breaker.IsOpen, scene.Since(breaker.OpenUntil), breaker.Failures));
    }

    private static async Task SuccessResets(Scene scene)
    {
        var node = await scene.JoinAsync(Flow([Guarded]));
        for (var i = 0; i < 6; i++)
        {
            await SucceedAsync(scene, node, "a");
        }
        await FailAsync(scene, node, 2);
        await SucceedAsync(scene, node, "a");
        Expect.Null(await scene.BreakerAsync("q/a"));
        await FailAsync(scene, node, 2);
        Expect.Equal(false, (await scene.BreakerAsync("q/a"))!.IsOpen);
    }

    private static async Task SmallWindow(Scene scene)
    {
        var node = await scene.JoinAsync(Flow([Guarded]));
        var outcomes = 0;
        while (await scene.BreakerAsync("q/a") is not { IsOpen: true } && outcomes < 20)
        {
            await (outcomes % 2 == 0 ? SucceedAsync(scene, node, "a") : FailAsync(scene, node, 1));
            outcomes++;
        }
        Expect.Equal(6, outcomes, "after how many outcomes, every other one a failure, a breaker of 3 opens");
    }

    private static async Task SlowStart(Scene scene)
    {
        var node = await scene.JoinAsync(Flow([Guarded]));
        await scene.EnqueueAsync(50, "a");
        var jobs = await scene.ClaimAsync(node, 50);
        Expect.Equal(3, jobs.Count, "the first attempts of a group that nothing is known of");
        await scene.DoneAsync(node, scene.Failed(jobs[0]));
        Expect.Empty(await scene.ClaimAsync(node, 50));
        await scene.DoneAsync(node, scene.Failed(jobs[1]));
        Expect.Empty(await scene.ClaimAsync(node, 50));
        await scene.DoneAsync(node, JobTransition.HandedBack(scene.Times(jobs[2])));
        Expect.Equal(1, (await scene.ClaimAsync(node, 50)).Count, "the attempts in flight after two failures");
    }

    private static async Task ProvenRunsFree(Scene scene)
    {
        var node = await scene.JoinAsync(Flow([Guarded]));
        await SucceedAsync(scene, node, "a");
        await scene.EnqueueAsync(50, "a");
        Expect.Equal(50, (await scene.ClaimAsync(node, 50)).Count);
    }

    private static async Task Quarantine(Scene scene)
    {
        var node = await QuarantinedAsync(scene, 5);
        await scene.EnqueueAsync(1, "b");
        var answer = await scene.AskAsync(node);
        Expect.Sequence(["b"], answer.Jobs.Select(j => j.Group!));
        Expect.Equal((false, 30d), (answer.More, scene.Since(answer.NextDue)));
        Expect.Equal(5L, (await scene.BreakerAsync("q/a"))!.Waiting);
        scene.Wait(29.9);
        Expect.Empty(await scene.ClaimAsync(node));
        var waiting = (await scene.Store.ListJobsAsync(new() { Group = "a", Status = JobStatus.Queued })).Jobs;
        Expect.Sequence([0, 0, 0, 0, 0], waiting.Select(j => j.Attempt));
    }

    private static async Task SaysWhy(Scene scene)
    {
        var node = await QuarantinedAsync(scene);
        var job = (await scene.Store.ListJobsAsync(new() { Group = "a", Status = JobStatus.Queued })).Jobs.Single();
        Expect.Equal(new WaitReason(WaitCause.Breaker, "q/a", scene.Clock.Now.AddSeconds(30)), job.Reason ?? default);
        Expect.Equal(WaitCause.Breaker, (await scene.GroupAsync("a")).Blocked?.Cause ?? default);
        scene.Wait(30);
        await scene.ClaimOneAsync(node);
        Expect.Sequence([(WaitCause.Breaker, "q/a", 0d, 30d)], await scene.BlocksAsync(WaitCause.Breaker));
    }

    private static async Task OneProbe(Scene scene)
    {
        var other = await scene.OpenAnotherAsync();
        var node = await QuarantinedAsync(scene, 5);
        var second = await scene.JoinAsync(Flow([Guarded]), other);
        scene.Wait(30);
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count, "the probes of the first node");
        Expect.Empty(await scene.ClaimAsync(second, store: other));
        scene.Wait(1000);
        Expect.Empty(await scene.ClaimAsync(second, store: other));
    }

    private static async Task ProbeCloses(Scene scene)
    {
        var node = await QuarantinedAsync(scene, 5);
        scene.Wait(30);
        await scene.CompleteAsync(node, await scene.ClaimOneAsync(node));
        Expect.Null(await scene.BreakerAsync("q/a"));
        Expect.Equal(4, (await scene.ClaimAsync(node)).Count);
    }

    private static async Task ProbeDoubles(Scene scene)
    {
        var node = await QuarantinedAsync(scene, 9);
        foreach (var open in (double[])[30, 60, 100, 100])
        {
            var due = scene.Since((await scene.AskAsync(node)).NextDue);
            Expect.Equal(open, due - scene.Since(scene.Clock.Now), "how long it is open");
            scene.Wait(open);
            await scene.DoneAsync(node, scene.Failed(await scene.ClaimOneAsync(node)));
            Expect.Empty(await scene.ClaimAsync(node));
        }
    }

    private static async Task ProbeLost(Scene scene)
    {
        var node = await QuarantinedAsync(scene, 5);
        scene.Wait(30);
        await scene.DoneAsync(node, JobTransition.Deferred(scene.Times(await scene.ClaimOneAsync(node)), null, TimeSpan.FromHours(1), WaitCause.Limit));
        await scene.ClaimOneAsync(node);
        await scene.Store.ReconcileAsync(node, scene.NextSequence(node), []);
        await scene.CompleteAsync(node, await scene.ClaimOneAsync(node));
        Expect.Null(await scene.BreakerAsync("q/a"));
    }

    private static async Task Neutral(Scene scene)
    {
        var doomed = await scene.OpenAnotherAsync();
        var (dead, node) = (await scene.JoinAsync(Flow([Guarded]), doomed), await scene.JoinAsync(Flow([Guarded])));
        await FailAsync(scene, node, 2);
        await scene.EnqueueAsync(20, "a");
        Func<ClaimedJob, JobTransition>[] neutral =
        [
            job => JobTransition.Deferred(scene.Times(job), "429", TimeSpan.FromHours(1), WaitCause.Limit), job => JobTransition.HandedBack(scene.Times(job)),
            job => JobTransition.Cancelled(scene.Times(job)), job => scene.Failed(job) with { SparesBreaker = true },
        ];
        foreach (var end in neutral)
        {
            await scene.DoneAsync(node, end(await scene.ClaimOneAsync(node)));
        }
        await scene.ClaimOneAsync(dead, store: doomed);
        await scene.KillAsync(doomed);
        await scene.Store.RescueAsync();
        Expect.Equal((false, 2), ((await scene.BreakerAsync("q/a"))!.IsOpen, (await scene.BreakerAsync("q/a"))!.Failures));
        await scene.DoneAsync(node, scene.Failed(await scene.ClaimOneAsync(node)));
        Expect.Equal(true, (await scene.BreakerAsync("q/a"))!.IsOpen);
    }

    private static async Task TimeoutsCount(Scene scene)
    {
        var node = await scene.JoinAsync(Flow([Guarded]));
        await scene.EnqueueAsync(3, "a");
        foreach (var job in await scene.ClaimAsync(node))
        {
            await scene.DoneAsync(node, scene.Retried(job, outcome: AttemptOutcome.TimedOut));
        }
        Expect.Equal(true, (await scene.BreakerAsync("q/a"))!.IsOpen);
    }

    /// <summary>Four groups with work, of which three fail.</summary>
    private static async Task<NodeId> AilingAsync(Scene scene)
    {
        var node = await scene.JoinAsync(Flow([Guarded]));
        foreach (var group in (string[])["a", "b", "c", "well"])
        {
            await scene.EnqueueAsync(20, group);
        }
        foreach (var job in (await scene.ClaimAsync(node)).Where(j => j.Group != "well"))
        {
            await scene.DoneAsync(node, scene.Failed(job));
        }
        return node;
    }

    private static async Task HalfAtMost(Scene scene)
    {
        var node = await AilingAsync(scene);
        var open = (await scene.Store.ListBreakersAsync()).Where(b => b.IsOpen).ToList();
        Expect.Equal(2, open.Count(b => b.Key.StartsWith("q/", StringComparison.Ordinal)), "the quarantined of four groups");
        Expect.True(open.Exists(b => b.Key == "q"), "the queue's own breaker open");
        Expect.Sequence(["q"], (await scene.Store.HeartbeatAsync(node)).Ailing);
        var answer = await scene.AskAsync(node);
        Expect.Equal((0, false, 30d), (answer.Jobs.Count, answer.More, scene.Since(answer.NextDue)));
        Expect.True((await scene.BlocksAsync(WaitCause.Breaker)).Contains((WaitCause.Breaker, "q", 0d, -1d)), "the queue's wait to be recorded");
        var job = (await scene.Store.ListJobsAsync(new() { Group = "well", Status = JobStatus.Queued })).Jobs[0];
        Expect.Equal((WaitCause.Breaker, "q"), (job.Reason!.Value.Cause, job.Reason!.Value.Key));
    }

    private static async Task OutageEnds(Scene scene)
    {
        var node = await AilingAsync(scene);
        scene.Wait(30);
        Expect.Empty((await scene.Store.HeartbeatAsync(node)).Ailing);
        var jobs = await scene.ClaimAsync(node);
        Expect.True(jobs.Count > 0, "work after the pause");
        await scene.CompleteAsync(node, jobs[0]);
        Expect.Null(await scene.BreakerAsync("q"));
    }

    private static async Task OneOfOne(Scene scene)
    {
        await QuarantinedAsync(scene);
        Expect.Equal(true, (await scene.BreakerAsync("q/a"))!.IsOpen);
        Expect.Null(await scene.BreakerAsync("q"));
    }

    private static async Task ByHand(Scene scene)
    {
        var other = await scene.OpenAnotherAsync();
        var node = await scene.JoinAsync(Flow([Guarded]));
        await scene.EnqueueAsync(2, "a");
        Expect.Equal(true, await other.OpenBreakerAsync("q/a", null));
        Expect.Equal((0, -1d), ((await scene.AskAsync(node)).Jobs.Count, scene.Since((await scene.AskAsync(node)).NextDue)));
        Expect.Equal(DateTimeOffset.MaxValue, (await scene.BreakerAsync("q/a"))!.OpenUntil);
        Expect.Equal(true, await other.CloseBreakerAsync("q/a"));
        await scene.ClaimOneAsync(node);
        await other.OpenBreakerAsync("q/a", TimeSpan.FromSeconds(45));
        Expect.Equal(45d, scene.Since((await scene.AskAsync(node)).NextDue));
    }

    private static async Task ByHandWithoutPolicy(Scene scene)
    {
        var node = await scene.JoinAsync(Flow([new() { Name = Scene.Queue }]));
        await scene.EnqueueAsync(5, "a");
        await scene.Store.OpenBreakerAsync("q/a", TimeSpan.FromSeconds(45));
        Expect.Empty(await scene.ClaimAsync(node));
        scene.Wait(45);
        var jobs = await scene.ClaimAsync(node);
        Expect.Equal(5, jobs.Count);
        await scene.CompleteAsync(node, jobs[0]);
        Expect.Null(await scene.BreakerAsync("q/a"));
    }

    private static async Task QueueByHand(Scene scene)
    {
        var node = await scene.JoinAsync(Flow([Guarded]));
        await scene.EnqueueAsync(2, "a");
        var job = await scene.ClaimOneAsync(node);
        Expect.Equal(true, await scene.Store.OpenBreakerAsync("q", null));
        await scene.CompleteAsync(node, job);
        var answer = await scene.AskAsync(node);
        Expect.Equal((0, -1d), (answer.Jobs.Count, scene.Since(answer.NextDue)));
        await scene.Store.CloseBreakerAsync("q");
        await scene.ClaimOneAsync(node);
    }

    private static async Task ClosedForgets(Scene scene)
    {
        var node = await QuarantinedAsync(scene);
        await scene.Store.CloseBreakerAsync("q/a");
        Expect.Null(await scene.BreakerAsync("q/a"));
        await scene.DoneAsync(node, scene.Failed(await scene.ClaimOneAsync(node)));
        Expect.Equal((false, 1), ((await scene.BreakerAsync("q/a"))!.IsOpen, (await scene.BreakerAsync("q/a"))!.Failures));
    }

    private static async Task UnknownKey(Scene scene)
    {
        await scene.JoinAsync(Flow([Guarded]));
        Expect.Equal(false, await scene.Store.OpenBreakerAsync("nothing", null));
        Expect.Equal(false, await scene.Store.CloseBreakerAsync("nothing/a"));
        Expect.Equal(false, await scene.Store.CloseBreakerAsync("q/unheard"));
    }

    private static async Task DeadCostsLittle(Scene scene)
    {
        var policy = new BreakerPolicy();
        var node = await scene.JoinAsync(Flow([Guarded with { Breaker = policy }]));
        await scene.EnqueueAsync(200, "dead");
        var attempts = 0;
        while (scene.Since(scene.Clock.Now) < 3600)
        {
            var answer = await scene.AskAsync(node, 50);
            scene.Wait(1);
            foreach (var job in answer.Jobs)
            {
                await scene.DoneAsync(node, scene.Failed(job));
                attempts++;
            }
            scene.WaitUntil(answer.Jobs.Count > 0 || answer.NextDue is null ? scene.Clock.Now : answer.NextDue.Value);
        }
        Expect.True(attempts is >= 8 and <= 14, $"at most 14 attempts at a dead group in its first hour; there were {attempts}");
    }

    private static async Task<NodeId> IllLimitAsync(Scene scene, int jobs = 3)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", GuardedLimit));
        await scene.EnqueueManyAsync(jobs);
        await scene.ReportAsync(new() { Limit = "api", Failed = 2 });
        await scene.ReportAsync(new() { Limit = "api", Failed = 1 });
        return node;
    }

    private static async Task OfLimit(Scene scene)
    {
        var node = await IllLimitAsync(scene);
        var answer = await scene.AskAsync(node);
        Expect.Equal((0, false, 30d), (answer.Jobs.Count, answer.More, scene.Since(answer.NextDue)));
        var call = await scene.AcquireAsync("api", 2);
        Expect.Equal((0, 30d, WaitCause.Breaker), (call.Permits.Count, scene.Since(call.RetryAt), call.Cause));
        Expect.Equal((true, 30d), ((await scene.BreakerAsync("api"))!.IsOpen, scene.Since((await scene.BreakerAsync("api"))!.OpenUntil)));
        Expect.Sequence([(WaitCause.Breaker, "api", 0d, -1d)], await scene.BlocksAsync(WaitCause.Breaker, WaitCause.Limit));
        Expect.Equal((WaitCause.Breaker, "api"), ((await scene.AllAsync())[0].Reason!.Value.Cause, (await scene.AllAsync())[0].Reason!.Value.Key));
    }

    private static async Task LimitProbe(Scene scene)
    {
        var node = await IllLimitAsync(scene);
        scene.Wait(30);
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count, "the jobs let through as a probe");
        Expect.Equal(0, (await scene.AcquireAsync("api", 3)).Permits.Count, "the calls beside it");
        await scene.ReportAsync(new() { Limit = "api", Failed = 1 });
        Expect.Equal(90d, scene.Since((await scene.BreakerAsync("api"))!.OpenUntil));
        scene.Wait(60);
        Expect.Equal(1, (await scene.AcquireAsync("api", 3)).Permits.Count, "the calls let through as a probe");
        Expect.Empty(await scene.ClaimAsync(node));
        await scene.ReportAsync(new() { Limit = "api", Succeeded = 1 });
        Expect.Null(await scene.BreakerAsync("api"));
        scene.Wait(1);
        await scene.ClaimOneAsync(node);
    }

    private static async Task LimitByHand(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", 8.PerSecond()));
        await scene.EnqueueManyAsync(1);
        Expect.Equal(true, await scene.Store.OpenBreakerAsync("api", null));
        var answer = await scene.AskAsync(node);
        Expect.Equal((0, -1d), (answer.Jobs.Count, scene.Since(answer.NextDue)));
        Expect.Equal((0, -1d), ((await scene.AcquireAsync("api")).Permits.Count, scene.Since((await scene.AcquireAsync("api")).RetryAt)));
        Expect.Equal(true, await scene.Store.CloseBreakerAsync("api"));
        await scene.ClaimOneAsync(node);
    }

    private static async Task LimitOfGroup(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", GuardedLimit with { PerGroup = true }));
        await scene.EnqueueAsync(1, "a");
        await scene.EnqueueAsync(1, "b");
        await scene.ReportAsync(new() { Limit = "api", Group = "a", Failed = 3 });
        var answer = await scene.AskAsync(node);
        Expect.Sequence(["b"], answer.Jobs.Select(j => j.Group!));
        Expect.Equal(30d, scene.Since(answer.NextDue));
        Expect.Equal(new WaitReason(WaitCause.Breaker, "api/a", scene.Clock.Now.AddSeconds(30)), (await scene.GroupAsync("a")).Blocked ?? default);
        Expect.Equal(true, (await scene.BreakerAsync("api/a"))!.IsOpen);
        await scene.Store.CloseBreakerAsync("api/a");
        await scene.ClaimOneAsync(node);
    }
}
