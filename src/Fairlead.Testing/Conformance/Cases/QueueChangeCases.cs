using Fairlead.Diagnostics;
using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>What an operator changes of a queue while it runs.</summary>
internal static class QueueChangeCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("QueueChange.InForceAtOnce", "A changed max_concurrent is obeyed by the next claim, of every process; what runs goes on.", InForceAtOnce),
        new("QueueChange.LaidOver", "A later change is laid over an earlier one.", LaidOver),
        new("QueueChange.Reset", "Null takes all changes back.", Reset),
        new("QueueChange.OutlivesNodes", "A change stands above what nodes declare, now and later.", OutlivesNodes),
        new("QueueChange.DeclaredIsCompared", "Only declared definitions are in conflict: a change makes none, and excuses none.", DeclaredIsCompared),
        new("QueueChange.Groups", "A changed group_concurrency frees groups, or holds them back, at once.", Groups),
        new("QueueChange.RetryBudget", "A changed retry_budget paces retries.", RetryBudget),
        new("QueueChange.SlowAfter", "A changed slow_after counts slow attempts.", SlowAfter),
        new("QueueChange.ToldWithHeartbeat", "Nodes that serve a changed queue are told what is in force with each heartbeat.", ToldWithHeartbeat),
        new("QueueChange.Unknown", "A queue that nobody has declared is not changed.", Unknown),
        new("QueueChange.Unsound", "An unsound change is refused with words and changes nothing.", Unsound),
        new("QueueChange.Signals", "Listeners hear of a change, and of the room it makes.", Signals),
        new("QueueChange.EndsWaitForSlot", "Where a change makes room, the wait for the queue's slots is over.", EndsWaitForSlot),
        new("QueueChange.Solo", "A job that has to run alone finds no room where a change left none.", Solo),
    ];

    private static ValueTask<QueueDefinition?> ChangeAsync(Scene scene, QueueChange? change) => scene.Store.ChangeQueueAsync(Scene.Queue, change);

    private static async Task InForceAtOnce(Scene scene)
    {
        var node = await scene.JoinAsync(maxConcurrent: 1);
        var other = await scene.OpenAnotherAsync();
        await scene.EnqueueManyAsync(6);
        var running = new List<ClaimedJob>(await scene.ClaimAsync(node));
        Expect.Equal(1, running.Count);
        Expect.Equal(new QueueDefinition { Name = Scene.Queue, MaxConcurrent = 3 }, await other.ChangeQueueAsync(Scene.Queue, new() { MaxConcurrent = 3 }));
        running.AddRange(await scene.ClaimAsync(node));
        Expect.Equal(3, running.Count);
        await other.ChangeQueueAsync(Scene.Queue, new() { MaxConcurrent = 2 });
        await scene.CompleteAsync(node, running[0]);
        Expect.Empty(await scene.ClaimAsync(node));
        Expect.Equal(2L, (await scene.TallyAsync()).Processing);
        await scene.CompleteAsync(node, running[1]);
        await scene.ClaimOneAsync(node);
        var queue = await scene.QueueAsync();
        Expect.Equal((1, 2, new QueueChange { MaxConcurrent = 2 }), (queue.Definition?.MaxConcurrent, queue.InForce?.MaxConcurrent, queue.Change));
    }

    private static async Task LaidOver(Scene scene)
    {
        await scene.JoinAsync();
        await ChangeAsync(scene, new() { MaxConcurrent = 3, Timeout = TimeSpan.FromSeconds(7), Priority = 2 });
        var inForce = await ChangeAsync(scene, new() { MaxConcurrent = 4, Retries = 0, KillAfter = TimeSpan.FromSeconds(1) });
        var wanted = new QueueDefinition
        {
            Name = Scene.Queue, MaxConcurrent = 4, Timeout = TimeSpan.FromSeconds(7), Priority = 2, Retries = 0, KillAfter = TimeSpan.FromSeconds(1),
        };
        Expect.Equal(wanted, inForce);
        Expect.Equal(wanted, (await scene.QueueAsync()).InForce);
        Expect.Equal(new QueueDefinition { Name = Scene.Queue }, (await scene.QueueAsync()).Definition);
    }

    private static async Task Reset(Scene scene)
    {
        var node = await scene.JoinAsync(maxConcurrent: 2);
        await scene.EnqueueManyAsync(5);
        await ChangeAsync(scene, new() { MaxConcurrent = 1 });
        await ChangeAsync(scene, new() { Retries = 9 });
        await scene.ClaimOneAsync(node);
        Expect.Empty(await scene.ClaimAsync(node));
        Expect.Equal(new QueueDefinition { Name = Scene.Queue, MaxConcurrent = 2 }, await ChangeAsync(scene, null));
        await scene.ClaimOneAsync(node);
        Expect.Empty(await scene.ClaimAsync(node));
        Expect.Null((await scene.QueueAsync()).Change);
        Expect.Empty((await scene.Store.HeartbeatAsync(node)).Changed);
    }

    private static async Task OutlivesNodes(Scene scene)
    {
        var first = await scene.JoinAsync(maxConcurrent: 1);
        await ChangeAsync(scene, new() { MaxConcurrent = 2 });
        await scene.Store.LeaveAsync(first);
        var other = await scene.OpenAnotherAsync();
        var node = await scene.JoinAsync(Registration(new() { Name = Scene.Queue, MaxConcurrent = 5, Retries = 1 }), other);
        await scene.EnqueueManyAsync(6);
        Expect.Equal(2, (await scene.ClaimAsync(node, store: other)).Count);
        Expect.Equal(new QueueDefinition { Name = Scene.Queue, MaxConcurrent = 2, Retries = 1 }, (await scene.QueueAsync()).InForce);
    }

    private static async Task DeclaredIsCompared(Scene scene)
    {
        await scene.JoinAsync(maxConcurrent: 1);
        await ChangeAsync(scene, new() { MaxConcurrent = 2 });
        await scene.JoinAsync(await scene.OpenAnotherAsync(), maxConcurrent: 1);
        await Expect.ThrowsAsync<StoreMismatchException>(async () => await scene.JoinAsync(maxConcurrent: 2));
        Expect.Equal(2, (await scene.Store.ListNodesAsync()).Count);
    }

    private static async Task Groups(Scene scene)
    {
        var node = await scene.JoinAsync(new QueueDefinition { Name = Scene.Queue, GroupConcurrency = 1 });
        await scene.EnqueueAsync(5, "a");
        await scene.ClaimOneAsync(node);
        Expect.Empty(await scene.ClaimAsync(node));
        await ChangeAsync(scene, new() { GroupConcurrency = 3 });
        Expect.Null((await scene.GroupAsync("a")).Blocked);
        Expect.Equal(2, (await scene.ClaimAsync(node)).Count);
        await ChangeAsync(scene, null);
        Expect.Equal(WaitCause.Group, (await scene.GroupAsync("a")).Blocked?.Cause);
        await ChangeAsync(scene, new() { GroupConcurrency = 4 });
        await scene.ClaimOneAsync(node);
    }

    private static async Task RetryBudget(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueManyAsync(4);
        var jobs = await scene.ClaimAsync(node);
        await ChangeAsync(scene, new() { RetryBudget = 0.1 });
        await scene.Store.ApplyAsync(node, [.. jobs.Select(job => scene.Retried(job, 0))]);
        Expect.Equal((1L, 3L), ((await scene.TallyAsync()).Queued, (await scene.TallyAsync()).Scheduled));
    }

    private static async Task SlowAfter(Scene scene)
    {
        var node = await scene.JoinAsync(new QueueDefinition { Name = Scene.Queue });
        await scene.EnqueueAsync(2, "a");
        foreach (var slow in (long[])[0, 1])
        {
            var job = await scene.ClaimOneAsync(node);
            scene.Wait(5);
            await scene.DoneAsync(node, JobTransition.Completed(new(job.Key, scene.Clock.Now.AddSeconds(-5), scene.Clock.Now), default, []));
            Expect.Equal(slow, (await scene.GroupAsync("a")).Slow);
            await ChangeAsync(scene, new() { SlowAfter = TimeSpan.FromSeconds(2) });
        }
    }

    private static async Task ToldWithHeartbeat(Scene scene)
    {
        var node = await scene.JoinAsync(maxConcurrent: 1);
        var stranger = await scene.JoinAsync(Registration(new() { Name = "other" }));
        Expect.Empty((await scene.Store.HeartbeatAsync(node)).Changed);
        await ChangeAsync(scene, new() { Timeout = TimeSpan.FromSeconds(9) });
        for (var i = 0; i < 2; i++)
        {
            Expect.Sequence([new() { Name = Scene.Queue, MaxConcurrent = 1, Timeout = TimeSpan.FromSeconds(9) }], (await scene.Store.HeartbeatAsync(node)).Changed);
        }
        Expect.Empty((await scene.Store.HeartbeatAsync(stranger)).Changed);
    }

    private static async Task Unknown(Scene scene)
    {
        await scene.EnqueueAsync();
        Expect.Null(await ChangeAsync(scene, new() { MaxConcurrent = 1 }));
        Expect.Null(await scene.Store.ChangeQueueAsync("nowhere", new() { MaxConcurrent = 1 }));
        Expect.Sequence([Scene.Queue], (await scene.Store.ListQueuesAsync()).Select(queue => queue.Name));
        await scene.JoinAsync();
        Expect.Null((await scene.QueueAsync()).Change);
    }

    private static async Task Unsound(Scene scene)
    {
        await scene.JoinAsync();
        QueueChange[] unsound =
        [
            new() { MaxConcurrent = 0 }, new() { Timeout = TimeSpan.Zero }, new() { SlowAfter = TimeSpan.FromSeconds(-1) }, new() { KillAfter = TimeSpan.FromSeconds(-1) },
            new() { Retries = -1 }, new() { RetryBudget = 1.5 }, new() { GroupConcurrency = 0 },
        ];
        foreach (var change in unsound)
        {
            var refused = await Expect.ThrowsAsync<ArgumentException>(async () => await ChangeAsync(scene, change with { Priority = 7 }));
            Expect.Contains($"'{Scene.Queue}'", refused.Message);
        }
        Expect.Null((await scene.QueueAsync()).Change);
    }

    private static async Task Signals(Scene scene)
    {
        await scene.JoinAsync(maxConcurrent: 1);
        await scene.HearAsync(StoreSignals.Control, async () => await ChangeAsync(scene, new() { Timeout = TimeSpan.FromSeconds(1) }));
        await scene.HearAsync(StoreSignals.Work, async () => await ChangeAsync(scene, new() { MaxConcurrent = 2 }));
        await scene.HearAsync(StoreSignals.Control, async () => await ChangeAsync(scene, null));
    }

    private static async Task EndsWaitForSlot(Scene scene)
    {
        var node = await scene.JoinAsync(Registration(new() { Name = Scene.Queue, MaxConcurrent = 1 }) with { Lease = TimeSpan.FromDays(1) });
        await scene.EnqueueManyAsync(3);
        await scene.ClaimAsync(node);
        scene.Wait(2);
        await ChangeAsync(scene, new() { MaxConcurrent = 2 });
        scene.Wait(3);
        await scene.ClaimAsync(node);
        Expect.Sequence([(WaitCause.Slot, Scene.Queue, 0d, 2d), (WaitCause.Slot, Scene.Queue, 5d, -1d)], await scene.BlocksAsync(WaitCause.Slot));
    }

    private static async Task Solo(Scene scene)
    {
        var (busy, idle) = (await scene.JoinAsync(maxConcurrent: 2), await scene.JoinAsync(maxConcurrent: 2));
        await scene.EnqueueManyAsync(2);
        await scene.ClaimOneAsync(busy);
        foreach (var doomed in (IJobStore[])[await scene.OpenAnotherAsync(), await scene.OpenAnotherAsync()])
        {
            await scene.ClaimOneAsync(await scene.JoinAsync(doomed, maxConcurrent: 2), store: doomed);
            await scene.KillAsync(doomed);
            await scene.Store.RescueAsync();
        }
        await ChangeAsync(scene, new() { MaxConcurrent = 1 });
        Expect.Empty(await scene.ClaimAsync(idle, idle: true));
        await ChangeAsync(scene, null);
        Expect.Equal(true, (await scene.ClaimOneAsync(idle, idle: true)).Solo);
    }
}
