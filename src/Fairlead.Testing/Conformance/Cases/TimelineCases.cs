using Fairlead.Diagnostics;
using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>What is recorded so that an explanation can be added up.</summary>
internal static class TimelineCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Timeline.Attempts", "Each attempt is recorded: when ready, claimed, started, ended, and how.", Attempts),
        new("Timeline.RunningIsOpen", "A running attempt is in the timeline, without an end.", RunningIsOpen),
        new("Timeline.Waits", "A job's own waits are recorded in order: scheduled, blocked, retry, limit.", Waits),
        new("Timeline.DueEndsWait", "A wait for a time ends when the time has come, not when somebody looks.", DueEndsWait),
        new("Timeline.ParkedIsSlot", "An item's wait for a place in its batch is recorded as slot.", ParkedIsSlot),
        new("Timeline.OfBatch", "The timelines of a batch are those of all its items.", OfBatch),
        new("Timeline.LostAttempt", "An attempt whose node died is recorded as lost.", LostAttempt),
        new("Timeline.Connected", "Waits, readiness and attempts leave no moment of an ended job's life uncovered.", Connected),
        new("Block.Paused", "A pause is recorded from pause to resume.", Paused),
        new("Block.OpenPause", "A pause that lasts has no end.", OpenPause),
        new("Block.QueueSlots", "That a queue was full while work waited is recorded, until a claim leaves none for that reason.", QueueSlots),
        new("Block.NodeSlots", "That a node was full while work waited is recorded.", NodeSlots),
        new("Block.FullNode", "A full node that asks with no slots records that work waits for its slots.", FullNode),
        new("Block.Outage", "The time in which a node could not reach the store is recorded when it comes back.", Outage),
        new("Block.NoNode", "That no live node knew a kind is recorded, from the first such job to the join.", NoNode),
        new("Block.NoNodeAfterLeave", "It is recorded from the leave of the last such node.", NoNodeAfterLeave),
        new("Block.OnlyAskedTime", "Only what touches the asked time is answered.", OnlyAskedTime),
    ];

    private static async Task<JobTimeline> TimelineAsync(Scene scene, JobId id) => (await scene.Store.GetTimelinesAsync(id)).Single();

    private static double At(Scene scene, DateTimeOffset? time) => time is { } at ? (at - new ManualClock().Now).TotalSeconds : -1;

    private static IEnumerable<(WaitCause, double, double)> Show(Scene scene, IEnumerable<JobWait> waits) =>
        waits.Select(w => (w.Cause, At(scene, w.From), At(scene, w.To)));

    private static async Task<IEnumerable<(WaitCause, string, double, double)>> BlocksAsync(Scene scene) =>
        (await scene.Store.GetBlocksAsync(Scene.Queue, DateTimeOffset.MinValue, DateTimeOffset.MaxValue))
            .Where(b => b.Cause != WaitCause.NoNode || b.To is null || b.To > b.From)
            .Select(b => (b.Cause, b.Key, At(scene, b.From), At(scene, b.To)));

    private static async Task Attempts(Scene scene)
    {
        var node = await scene.JoinAsync();
        var id = await scene.EnqueueAsync();
        scene.Wait(1);
        var first = await scene.ClaimOneAsync(node);
        scene.Wait(1);
        await scene.DoneAsync(node, JobTransition.Retried(new(first.Key, scene.Clock.Now, scene.Clock.Now.AddSeconds(0.5)), AttemptOutcome.TimedOut, "slow", TimeSpan.Zero));
        scene.Wait(1);
        await scene.CompleteAsync(node, await scene.ClaimOneAsync(node));
        var timeline = await TimelineAsync(scene, id);
        Expect.Sequence([1, 2], timeline.Attempts.Select(a => a.Attempt));
        Expect.Sequence([AttemptOutcome.TimedOut, AttemptOutcome.Completed], timeline.Attempts.Select(a => a.Outcome ?? default));
        Expect.Sequence([node, node], timeline.Attempts.Select(a => a.Node));
        var one = timeline.Attempts[0];
        Expect.Sequence([0d, 1, 2, 2.5], [At(scene, one.ReadyAt), At(scene, one.ClaimedAt), At(scene, one.StartedAt), At(scene, one.EndedAt)]);
        Expect.Equal(("slow", first.Key.Fence), (one.Error ?? "", one.Fence));
        Expect.Equal((JobStatus.Completed, 3d), (timeline.Status, At(scene, timeline.EndedAt)));
    }

    private static async Task RunningIsOpen(Scene scene)
    {
        var node = await scene.JoinAsync();
        var id = await scene.EnqueueAsync();
        Expect.Equal(scene.Clock.Now, (await TimelineAsync(scene, id)).ReadyAt);
        await scene.ClaimOneAsync(node);
        var timeline = await TimelineAsync(scene, id);
        Expect.Null(timeline.ReadyAt);
        Expect.Null(timeline.Attempts.Single().EndedAt);
        Expect.Null(timeline.Attempts.Single().Outcome);
    }

    private static async Task Waits(Scene scene)
    {
        var node = await scene.JoinAsync();
        var first = await scene.EnqueueAsync();
        var id = await scene.EnqueueAsync(Job(delay: 3) with { After = [first] });
        scene.Wait(1);
        await scene.CompleteAsync(node, await scene.ClaimOneAsync(node));
        scene.Wait(2);
        await scene.DoneAsync(node, scene.Retried(await scene.ClaimOneAsync(node), 2));
        scene.Wait(2);
        var again = await scene.ClaimOneAsync(node);
        await scene.DoneAsync(node, JobTransition.Deferred(scene.Times(again), "429", TimeSpan.FromSeconds(4), WaitCause.Limit));
        Expect.Sequence(
            [(WaitCause.Blocked, 0d, 1d), (WaitCause.Scheduled, 1d, 3d), (WaitCause.Retry, 3d, 5d), (WaitCause.Limit, 5d, -1d)],
            Show(scene, (await TimelineAsync(scene, id)).Waits));
    }

    private static async Task DueEndsWait(Scene scene)
    {
        var node = await scene.JoinAsync();
        var id = await scene.EnqueueAsync(Job(delay: 2));
        scene.Wait(5);
        await scene.ClaimOneAsync(node);
        var timeline = await TimelineAsync(scene, id);
        Expect.Sequence([(WaitCause.Scheduled, 0d, 2d)], Show(scene, timeline.Waits));
        Expect.Equal(2d, At(scene, timeline.Attempts[0].ReadyAt));
    }

    private static async Task ParkedIsSlot(Scene scene)
    {
        var node = await scene.JoinAsync();
        var batch = await scene.Store.EnqueueBatchAsync(Batch(2, maxParallel: 1));
        var job = await scene.ClaimOneAsync(node);
        Expect.Null((await scene.Store.GetTimelinesAsync(batch))[1].ReadyAt);
        scene.Wait(4);
        await scene.CompleteAsync(node, job);
        var second = (await scene.Store.GetTimelinesAsync(batch))[1];
        Expect.Sequence([(WaitCause.Slot, 0d, 4d)], Show(scene, second.Waits));
        Expect.Equal(4d, At(scene, second.ReadyAt));
    }

    private static async Task OfBatch(Scene scene)
    {
        var batch = await scene.Store.EnqueueBatchAsync(Batch(3));
        Expect.Sequence((await scene.ItemsAsync(batch)).Select(i => i.Id), (await scene.Store.GetTimelinesAsync(batch)).Select(t => t.Job));
    }

    private static async Task LostAttempt(Scene scene)
    {
        var doomed = await scene.OpenAnotherAsync();
        var dead = await scene.JoinAsync(doomed);
        var id = await scene.EnqueueAsync();
        await scene.ClaimOneAsync(dead, store: doomed);
        await scene.KillAsync(doomed);
        await scene.Store.RescueAsync();
        var attempt = (await TimelineAsync(scene, id)).Attempts.Single();
        Expect.Equal((AttemptOutcome.Lost, true), (attempt.Outcome ?? default, attempt.EndedAt is not null));
    }

    private static async Task Connected(Scene scene)
    {
        var node = await scene.JoinAsync();
        var id = await scene.EnqueueAsync(Job(delay: 1));
        scene.Wait(2);
        for (var i = 0; i < 3; i++)
        {
            await scene.Store.HeartbeatAsync(node);
            var job = await scene.ClaimOneAsync(node);
            scene.Wait(1);
            await scene.DoneAsync(node, i < 2 ? scene.Retried(job, 2) : scene.Completed(job));
            scene.Wait(3);
        }
        var timeline = await TimelineAsync(scene, id);
        var covered = timeline.Waits.Select(w => (w.From, To: w.To!.Value))
            .Concat(timeline.Attempts.SelectMany(a => (IEnumerable<(DateTimeOffset, DateTimeOffset)>)[(a.ReadyAt, a.ClaimedAt), (a.ClaimedAt, a.EndedAt!.Value)]))
            .Where(s => s.Item2 > s.Item1).OrderBy(s => s.Item1).ToList();
        var at = timeline.EnqueuedAt;
        foreach (var (from, to) in covered)
        {
            Expect.Equal(at, from, "the beginning of the next stretch");
            at = to;
        }
        Expect.Equal(timeline.EndedAt, at, "the end of the last stretch");
    }

    private static async Task Paused(Scene scene)
    {
        scene.Wait(1);
        await scene.Store.PauseAsync(Scene.Queue);
        scene.Wait(2);
        await scene.Store.PauseAsync(Scene.Queue);
        scene.Wait(2);
        await scene.Store.ResumeAsync(Scene.Queue);
        Expect.Sequence([(WaitCause.Paused, Scene.Queue, 1d, 5d)], await BlocksAsync(scene));
    }

    private static async Task OpenPause(Scene scene)
    {
        await scene.Store.PauseAsync(Scene.Queue);
        scene.Wait(2);
        Expect.Sequence([(WaitCause.Paused, Scene.Queue, 0d, -1d)], await BlocksAsync(scene));
    }

    private static async Task QueueSlots(Scene scene)
    {
        var node = await scene.JoinAsync(maxConcurrent: 1);
        await scene.EnqueueManyAsync(2);
        var first = await scene.ClaimOneAsync(node);
        await scene.ClaimAsync(node);
        Expect.Sequence([(WaitCause.Slot, Scene.Queue, 0d, -1d)], await BlocksAsync(scene));
        scene.Wait(3);
        await scene.CompleteAsync(node, first);
        await scene.ClaimAsync(node);
        Expect.Sequence([(WaitCause.Slot, Scene.Queue, 0d, 3d)], await BlocksAsync(scene));
    }

    private static async Task NodeSlots(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueManyAsync(2);
        await scene.ClaimAsync(node, 1);
        Expect.Sequence([(WaitCause.Slot, node.ToString(), 0d, -1d)], await BlocksAsync(scene));
        scene.Wait(3);
        await scene.ClaimAsync(node, 1);
        Expect.Sequence([(WaitCause.Slot, node.ToString(), 0d, 3d)], await BlocksAsync(scene));
    }

    private static async Task FullNode(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync();
        await scene.ClaimAsync(node, 1);
        await scene.EnqueueAsync();
        scene.Wait(1);
        await scene.ClaimAsync(node, 0);
        Expect.Sequence([(WaitCause.Slot, node.ToString(), 1d, -1d)], await BlocksAsync(scene));
    }

    private static async Task Outage(Scene scene)
    {
        var node = await scene.JoinAsync();
        scene.Wait(5);
        await scene.Store.ClaimAsync(scene.Request(node) with { StoreAwaySince = scene.Clock.Now.AddSeconds(-3) });
        Expect.Sequence([(WaitCause.Store, node.ToString(), 2d, 5d)], await BlocksAsync(scene));
    }

    private static async Task NoNode(Scene scene)
    {
        scene.Wait(1);
        await scene.EnqueueAsync();
        scene.Wait(2);
        await scene.JoinAsync(Registration(null, new JobKind("other")));
        scene.Wait(2);
        await scene.JoinAsync();
        Expect.Sequence([(WaitCause.NoNode, "work", 1d, 5d)], await BlocksAsync(scene));
    }

    private static async Task NoNodeAfterLeave(Scene scene)
    {
        var (first, second) = (await scene.JoinAsync(), await scene.JoinAsync());
        await scene.EnqueueAsync();
        scene.Wait(1);
        await scene.Store.LeaveAsync(first);
        Expect.Empty(await BlocksAsync(scene));
        scene.Wait(1);
        await scene.Store.LeaveAsync(second);
        Expect.Sequence([(WaitCause.NoNode, "work", 2d, -1d)], await BlocksAsync(scene));
    }

    private static async Task OnlyAskedTime(Scene scene)
    {
        var begin = scene.Clock.Now;
        for (var i = 0; i < 3; i++)
        {
            await scene.Store.PauseAsync(Scene.Queue);
            scene.Wait(10);
            await scene.Store.ResumeAsync(Scene.Queue);
            scene.Wait(10);
        }
        var blocks = await scene.Store.GetBlocksAsync(Scene.Queue, begin.AddSeconds(15), begin.AddSeconds(35));
        Expect.Sequence([20d], blocks.Select(b => At(scene, b.From)));
    }
}
