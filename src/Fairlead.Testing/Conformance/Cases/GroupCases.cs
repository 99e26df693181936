using Fairlead.Diagnostics;
using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>What a group may do at once, and what operators see and change of it. Whose turn it is: <see cref="FairnessCases" />.</summary>
internal static class GroupCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Group.Concurrency", "group_concurrency is never exceeded in the cluster, and other groups are passed on to.", Concurrency),
        new("Group.ConcurrencyFreed", "A group's place is free again when its attempt ends, is given back, or its node dies.", ConcurrencyFreed),
        new("Group.ConcurrencyAbandoned", "An abandoned attempt keeps its group's place until it really ends.", ConcurrencyAbandoned),
        new("Group.ConcurrencyIsNoMore", "Work left because its group has its number in flight is no reason to claim again.", ConcurrencyIsNoMore),
        new("Group.ConcurrencySaysWhy", "Such a job says which group it waits for; the wait is recorded until it is over.", ConcurrencySaysWhy),
        new("Group.ConcurrencyWithoutGroup", "Jobs without a group are not bound by it.", ConcurrencyWithoutGroup),
        new("Group.PriorityInside", "Priority orders the jobs inside a group.", PriorityInside),
        new("Group.PriorityNotAcross", "Priority gives a group nothing over others.", PriorityNotAcross),
        new("Group.Paused", "A paused group is passed over, in the cluster, until it is resumed; what runs goes on.", Paused),
        new("Group.PausedSaysWhy", "A paused group's jobs say so; the pause is recorded.", PausedSaysWhy),
        new("Group.PausedBeforeKnown", "A group can be paused before it has any work.", PausedBeforeKnown),
        new("Group.CancelledEndsWait", "When a blocked group's last job is cancelled, its wait is over.", CancelledEndsWait),
        new("Group.OverKinds", "The kinds of a queue share its groups: their number at once, and their turns.", OverKinds),
        new("Group.OnlyKnownKinds", "A group whose next job a node does not know gives it one that it does know.", OnlyKnownKinds),
        new("Group.Listed", "Groups are listed with their work: those with work first, whose turn is next at the top.", Listed),
        new("Group.SlowCounted", "Attempts slower than slow_after are counted for each group.", SlowCounted),
        new("Group.ForgottenWhenIdle", "An idle group is forgotten by and by, a paused one is not.", ForgottenWhenIdle),
        new("Group.LiveNodes", "The heartbeat says how many nodes hold their lease.", LiveNodes),
    ];

    private static QueueDefinition OneEach { get; } = new() { Name = Scene.Queue, GroupConcurrency = 1 };

    private static async Task Concurrency(Scene scene)
    {
        var other = await scene.OpenAnotherAsync();
        var joining = Flow([OneEach with { GroupConcurrency = 2 }]);
        var (first, second) = (await scene.JoinAsync(joining), await scene.JoinAsync(joining, other));
        await scene.EnqueueAsync(5, "a");
        await scene.EnqueueAsync(3, "b");
        Expect.Sequence(["a", "a", "b", "b"], (await scene.ClaimAsync(first)).Select(j => j.Group!).Order());
        Expect.Empty(await scene.ClaimAsync(second, store: other));
        Expect.Equal((2, 2), ((await scene.GroupAsync("a")).InFlight, (await scene.GroupAsync("b")).InFlight));
    }

    private static async Task ConcurrencyFreed(Scene scene)
    {
        var doomed = await scene.OpenAnotherAsync();
        var (dead, alive) = (await scene.JoinAsync(Flow([OneEach]), doomed), await scene.JoinAsync(Flow([OneEach])));
        await scene.EnqueueAsync(9, "a");
        await scene.CompleteAsync(alive, await scene.ClaimOneAsync(alive));
        var back = await scene.ClaimOneAsync(alive);
        await scene.Store.ReconcileAsync(alive, scene.NextSequence(alive), []);
        await scene.ClaimOneAsync(dead, store: doomed);
        Expect.Empty(await scene.ClaimAsync(alive));
        await scene.KillAsync(doomed);
        await scene.Store.RescueAsync();
        Expect.Equal(back.Key.Job, (await scene.ClaimOneAsync(alive)).Key.Job);
        Expect.Empty(await scene.ClaimAsync(alive));
    }

    private static async Task ConcurrencyAbandoned(Scene scene)
    {
        var node = await scene.JoinAsync(OneEach);
        await scene.EnqueueAsync(2, "a");
        var job = await scene.ClaimOneAsync(node);
        await scene.DoneAsync(node, scene.Failed(job, AttemptOutcome.TimedOut, abandoned: true));
        Expect.Empty(await scene.ClaimAsync(node));
        Expect.Equal(1, (await scene.GroupAsync("a")).InFlight);
        await scene.Store.ReleaseAbandonedAsync(node, job.Key);
        await scene.ClaimOneAsync(node);
    }

    private static async Task ConcurrencyIsNoMore(Scene scene)
    {
        var node = await scene.JoinAsync(OneEach);
        await scene.EnqueueAsync(2, "a");
        var answer = await scene.AskAsync(node);
        Expect.Equal((1, false, -1d), (answer.Jobs.Count, answer.More, scene.Since(answer.NextDue)));
    }

    private static async Task ConcurrencySaysWhy(Scene scene)
    {
        var node = await scene.JoinAsync(OneEach);
        await scene.EnqueueAsync(1, "a");
        var waiting = await scene.EnqueueAsync(Job(group: "a"));
        scene.Wait(1);
        var job = await scene.ClaimOneAsync(node);
        Expect.Equal(new WaitReason(WaitCause.Group, "a", null), (await scene.GetAsync(waiting)).Reason ?? default);
        Expect.Equal(WaitCause.Group, (await scene.GroupAsync("a")).Blocked?.Cause ?? default);
        scene.Wait(4);
        await scene.CompleteAsync(node, job);
        Expect.Sequence([(WaitCause.Group, "a", 1d, 5d)], await scene.BlocksAsync(WaitCause.Group, WaitCause.Slot));
    }

    private static async Task ConcurrencyWithoutGroup(Scene scene)
    {
        var node = await scene.JoinAsync(OneEach);
        await scene.EnqueueAsync(2, "a");
        await scene.EnqueueAsync(3, null);
        Expect.Sequence(["", "", "", "a"], (await scene.ClaimAsync(node)).Select(j => j.Group ?? "").Order());
    }

    private static async Task PriorityInside(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.Store.EnqueueAsync([Job(group: "a"), Job(group: "a", priority: 5), Job(group: "a", priority: 1)]);
        Expect.Sequence([5, 1, 0], (await scene.ClaimAsync(node)).Select(j => j.Priority));
    }

    private static async Task PriorityNotAcross(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.Store.EnqueueAsync([.. Enumerable.Range(0, 10).Select(_ => Job(group: "loud", priority: 1000))]);
        await scene.EnqueueAsync(10, "quiet");
        Expect.Equal(3, (await scene.ClaimAsync(node, 6)).Count(j => j.Group == "quiet"), "the quiet group's part of six");
    }

    private static async Task Paused(Scene scene)
    {
        var other = await scene.OpenAnotherAsync();
        var node = await scene.JoinAsync(Flow([new() { Name = Scene.Queue }]));
        await scene.EnqueueAsync(2, "a");
        await scene.EnqueueAsync(1, "b");
        var running = await scene.ClaimOneAsync(node);
        await other.PauseGroupAsync(Scene.Queue, "a", true);
        Expect.Sequence(["b"], (await scene.ClaimAsync(node)).Select(j => j.Group!));
        await scene.CompleteAsync(node, running);
        Expect.Empty(await scene.ClaimAsync(node));
        await other.PauseGroupAsync(Scene.Queue, "a", false);
        Expect.Sequence(["a"], (await scene.ClaimAsync(node)).Select(j => j.Group!));
    }

    private static async Task PausedSaysWhy(Scene scene)
    {
        var node = await scene.JoinAsync();
        var job = await scene.EnqueueAsync(Job(group: "a"));
        await scene.Store.PauseGroupAsync(Scene.Queue, "a", true);
        Expect.Equal(new WaitReason(WaitCause.Paused, "q/a", null), (await scene.GetAsync(job)).Reason ?? default);
        Expect.Equal((true, WaitCause.Paused), ((await scene.GroupAsync("a")).Paused, (await scene.GroupAsync("a")).Blocked?.Cause ?? default));
        scene.Wait(3);
        await scene.Store.PauseGroupAsync(Scene.Queue, "a", false);
        await scene.ClaimOneAsync(node);
        Expect.Sequence([(WaitCause.Paused, "q/a", 0d, 3d)], await scene.BlocksAsync(WaitCause.Paused));
    }

    private static async Task PausedBeforeKnown(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.Store.PauseGroupAsync(Scene.Queue, "a", true);
        await scene.EnqueueAsync(1, "a");
        await scene.EnqueueAsync(1, "b");
        Expect.Sequence(["b"], (await scene.ClaimAsync(node)).Select(j => j.Group!));
    }

    private static async Task CancelledEndsWait(Scene scene)
    {
        var job = await scene.EnqueueAsync(Job(group: "a"));
        await scene.Store.PauseGroupAsync(Scene.Queue, "a", true);
        scene.Wait(2);
        await scene.Store.CancelAsync(job);
        scene.Wait(2);
        Expect.Sequence([(WaitCause.Paused, "q/a", 0d, 2d)], await scene.BlocksAsync(WaitCause.Paused));
    }

    private static async Task OverKinds(Scene scene)
    {
        JobKind[] kinds = [new("x"), new("y")];
        var node = await scene.JoinAsync(Registration(OneEach, kinds));
        await scene.Store.EnqueueAsync([Job(kind: "x", group: "a"), Job(kind: "y", group: "a"), Job(kind: "y", group: "b")]);
        var answer = await scene.Store.ClaimAsync(scene.Request(node, kinds: kinds));
        Expect.Sequence(["a", "b"], answer.Jobs.Select(j => j.Group!).Order());
        await scene.CompleteAsync(node, answer.Jobs[0]);
        await scene.CompleteAsync(node, answer.Jobs[1]);
        Expect.Sequence(["y"], (await scene.Store.ClaimAsync(scene.Request(node, kinds: kinds))).Jobs.Select(j => j.Kind.Name));
    }

    private static async Task OnlyKnownKinds(Scene scene)
    {
        JobKind[] kinds = [new("x"), new("y")];
        var node = await scene.JoinAsync(Registration(null, kinds));
        await scene.Store.EnqueueAsync([Job(kind: "x", group: "a", priority: 9), Job(kind: "y", group: "a"), Job(kind: "x", group: "b")]);
        var answer = await scene.Store.ClaimAsync(scene.Request(node, kinds: new JobKind("y")));
        Expect.Sequence([("y", "a")], answer.Jobs.Select(j => (j.Kind.Name, j.Group!)));
    }

    private static async Task Listed(Scene scene)
    {
        var node = await scene.JoinAsync(new QueueDefinition { Name = Scene.Queue, Weights = new Dictionary<string, double> { ["b"] = 3 } });
        await scene.EnqueueAsync(1, "c");
        var done = await scene.ClaimOneAsync(node);
        await scene.DoneAsync(node, JobTransition.Completed(new(done.Key, scene.Clock.Now.AddSeconds(-1), scene.Clock.Now), default, []));
        await scene.EnqueueAsync(2, "a");
        await scene.ClaimOneAsync(node);
        await scene.EnqueueAsync(1, "b");
        await scene.EnqueueAsync(1, null);
        var groups = await scene.Store.ListGroupsAsync(Scene.Queue);
        Expect.Equal("c", groups[^1].Group, "the last group, the one without work");
        Expect.Equal("a", groups[2].Group, "the group that has had its turn");
        Expect.Equal((1L, 1, 1d), (groups[2].Ready, groups[2].InFlight, groups[2].Weight));
        Expect.Equal((1L, 0, 3d), ((await scene.GroupAsync("b")).Ready, (await scene.GroupAsync("b")).InFlight, (await scene.GroupAsync("b")).Weight));
        Expect.Equal(1L, (await scene.GroupAsync(null)).Ready);
        Expect.Equal(1, (await scene.Store.ListGroupsAsync(Scene.Queue, 1)).Count);
        Expect.Empty(await scene.Store.ListGroupsAsync("unknown"));
    }

    private static async Task SlowCounted(Scene scene)
    {
        var node = await scene.JoinAsync(new QueueDefinition { Name = Scene.Queue, SlowAfter = TimeSpan.FromSeconds(5) });
        await scene.EnqueueAsync(2, "a");
        foreach (var seconds in (double[])[4, 6])
        {
            var job = await scene.ClaimOneAsync(node);
            scene.Wait(seconds);
            await scene.DoneAsync(node, JobTransition.Completed(new(job.Key, scene.Clock.Now.AddSeconds(-seconds), scene.Clock.Now), default, []));
        }
        Expect.Equal((1L, 10d), ((await scene.GroupAsync("a")).Slow, (await scene.GroupAsync("a")).ServedSeconds));
    }

    private static async Task ForgottenWhenIdle(Scene scene)
    {
        var node = await scene.JoinAsync(Flow([new() { Name = Scene.Queue }]));
        foreach (var group in (string[])["idle", "paused", "busy"])
        {
            await scene.EnqueueAsync(2, group);
        }
        var jobs = await scene.ClaimAsync(node);
        scene.Wait(1);
        foreach (var job in jobs.Where(j => j.Group != "busy"))
        {
            await scene.CompleteAsync(node, job);
        }
        await scene.Store.PauseGroupAsync(Scene.Queue, "paused", true);
        await scene.EnqueueAsync(200, "busy");
        await scene.ClaimAsync(node, 200);
        await scene.Store.PruneAsync(Retention.Default);
        Expect.Sequence(["busy", "paused"], (await scene.Store.ListGroupsAsync(Scene.Queue)).Select(g => g.Group!).Order());
    }

    private static async Task LiveNodes(Scene scene)
    {
        var doomed = await scene.OpenAnotherAsync();
        var node = await scene.JoinAsync();
        await scene.JoinAsync(doomed);
        var leaving = await scene.JoinAsync();
        Expect.Equal(3, (await scene.Store.HeartbeatAsync(node)).LiveNodes);
        await scene.Store.LeaveAsync(leaving);
        Expect.Equal(2, (await scene.Store.HeartbeatAsync(node)).LiveNodes);
        await scene.KillAsync(doomed);
        await scene.Store.RescueAsync();
        Expect.Equal(1, (await scene.Store.HeartbeatAsync(node)).LiveNodes);
    }
}
