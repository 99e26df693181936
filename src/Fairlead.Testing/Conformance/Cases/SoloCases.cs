using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

internal static class SoloCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Solo.AfterTwoNodes", "A job that lost two nodes is given only to a node that asks idle, alone.", AfterTwoNodes),
        new("Solo.NothingBeside", "A node that runs such a job gets nothing else while it does.", NothingBeside),
        new("Solo.DrainIsAsked", "A busy node is asked to make room; others go on with their work.", DrainIsAsked),
        new("Solo.OnlyOneDrains", "Only one node is asked to make room for one job.", OnlyOneDrains),
        new("Solo.DrainMovesOn", "When the node that makes room dies, another is asked.", DrainMovesOn),
        new("Solo.ThirdDeathIsPoison", "A job that has lost three nodes, the third time running alone, is failed as poison.", ThirdDeathIsPoison),
        new("Solo.InnocentsSurvive", "Jobs beside a poisonous one are never failed for it.", InnocentsSurvive),
        new("Solo.SucceedsAlone", "A job that succeeds when it runs alone is completed like any other.", SucceedsAlone),
        new("Solo.RespectsMaxConcurrent", "Running alone does not exceed max_concurrent.", RespectsMaxConcurrent),
        new("Solo.CancelledFreesDrain", "When the job is cancelled, the node that made room goes on.", CancelledFreesDrain),
        new("Solo.PoisonRetriedRunsAlone", "A poisoned job that is retried runs alone.", PoisonRetriedRunsAlone),
        new("Solo.WaitsForGroup", "It is not given while its group is paused or quarantined, and nobody makes room for it.", WaitsForGroup),
        new("Solo.WaitsForPermit", "It waits for its permits like any other, and nobody makes room for it meanwhile.", WaitsForPermit),
        new("Solo.ChargesGroup", "Its group is charged for what it takes, and its permits are held until it ends.", ChargesGroup),
    ];

    /// <summary>Lets the next claimable jobs lose one node.</summary>
    private static async Task LoseNodeAsync(Scene scene, int slots = 100, int? maxConcurrent = null)
    {
        var doomed = await scene.OpenAnotherAsync();
        var dead = await scene.JoinAsync(doomed, maxConcurrent);
        var jobs = await scene.ClaimAsync(dead, slots, true, doomed);
        Expect.True(jobs.Count > 0, "work for the node that is to die");
        await scene.KillAsync(doomed);
        await scene.Store.RescueAsync();
    }

    private static async Task<JobId> LostTwiceAsync(Scene scene, string? group = null)
    {
        var id = await scene.EnqueueAsync(Job(group: group));
        await LoseNodeAsync(scene);
        await LoseNodeAsync(scene);
        Expect.Equal(2, (await scene.GetAsync(id)).NodesLost);
        return id;
    }

    private static async Task AfterTwoNodes(Scene scene)
    {
        var id = await LostTwiceAsync(scene);
        var other = await scene.EnqueueAsync(Job(priority: 5));
        var node = await scene.JoinAsync();
        var jobs = await scene.ClaimAsync(node, 10, idle: true);
        Expect.Sequence([id], jobs.Select(j => j.Key.Job));
        Expect.Equal((true, 1), (jobs[0].Solo, jobs[0].Attempt));
        await scene.ExpectStatusAsync(other, JobStatus.Queued);
    }

    private static async Task NothingBeside(Scene scene)
    {
        await LostTwiceAsync(scene);
        await scene.EnqueueManyAsync(2);
        var node = await scene.JoinAsync();
        var alone = await scene.ClaimOneAsync(node, idle: true);
        Expect.Empty(await scene.ClaimAsync(node));
        Expect.Empty(await scene.ClaimAsync(node, idle: true));
        Expect.Equal(2, (await scene.ClaimAsync(await scene.JoinAsync())).Count, "jobs another node gets meanwhile");
        await scene.CompleteAsync(node, alone);
        await scene.EnqueueAsync();
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count, "jobs it gets afterwards");
    }

    private static async Task DrainIsAsked(Scene scene)
    {
        var (busy, free) = (await scene.JoinAsync(), await scene.JoinAsync());
        await scene.EnqueueAsync(Job(priority: -1) with { UniqueKey = "busy" });
        var running = await scene.ClaimOneAsync(busy);
        var id = await LostTwiceAsync(scene);
        await scene.EnqueueManyAsync(2);
        var asked = await scene.AskAsync(busy);
        Expect.Equal(true, asked.DrainForSolo);
        Expect.Empty(asked.Jobs);
        var other = await scene.AskAsync(free);
        Expect.Equal((2, false), (other.Jobs.Count, other.DrainForSolo));
        Expect.Equal(true, (await scene.AskAsync(busy)).DrainForSolo);
        await scene.CompleteAsync(busy, running);
        Expect.Sequence([id], (await scene.ClaimAsync(busy, idle: true)).Select(j => j.Key.Job));
    }

    private static async Task OnlyOneDrains(Scene scene)
    {
        NodeId[] nodes = [await scene.JoinAsync(), await scene.JoinAsync(), await scene.JoinAsync()];
        await scene.EnqueueManyAsync(3);
        foreach (var node in nodes)
        {
            await scene.ClaimOneAsync(node);
        }
        await LostTwiceAsync(scene);
        var asked = 0;
        foreach (var node in nodes.Concat(nodes))
        {
            asked += (await scene.AskAsync(node)).DrainForSolo ? 1 : 0;
        }
        Expect.Equal(2, asked, "how often a node was asked in two rounds");
    }

    private static async Task DrainMovesOn(Scene scene)
    {
        var doomed = await scene.OpenAnotherAsync();
        var (first, second) = (await scene.JoinAsync(doomed), await scene.JoinAsync());
        await scene.EnqueueManyAsync(2);
        await scene.ClaimOneAsync(first, store: doomed);
        await scene.ClaimOneAsync(second);
        await LostTwiceAsync(scene);
        Expect.Equal(true, (await scene.AskAsync(first, store: doomed)).DrainForSolo);
        Expect.Equal(false, (await scene.AskAsync(second)).DrainForSolo);
        await scene.KillAsync(doomed);
        await scene.Store.RescueAsync();
        Expect.Equal(true, (await scene.AskAsync(second)).DrainForSolo);
    }

    private static async Task ThirdDeathIsPoison(Scene scene)
    {
        var id = await LostTwiceAsync(scene);
        var doomed = await scene.OpenAnotherAsync();
        var dead = await scene.JoinAsync(doomed);
        await scene.ClaimOneAsync(dead, idle: true, store: doomed);
        await scene.KillAsync(doomed);
        var rescue = await scene.Store.RescueAsync();
        Expect.Equal((0, 1), (rescue.Requeued, rescue.Poisoned));
        var job = await scene.GetAsync(id);
        Expect.Equal((JobStatus.Failed, 3), (job.Status, job.NodesLost));
        Expect.Equal(3L, (await scene.Store.GetCountersAsync()).NodesLost);
    }

    private static async Task InnocentsSurvive(Scene scene)
    {
        var ids = await scene.EnqueueManyAsync(4);
        await LoseNodeAsync(scene);
        await LoseNodeAsync(scene);
        await LoseNodeAsync(scene);
        await scene.ExpectStatusAsync(ids[0], JobStatus.Failed);
        var node = await scene.JoinAsync();
        foreach (var innocent in ids.Skip(1))
        {
            var job = await scene.ClaimOneAsync(node, idle: true);
            Expect.Equal((innocent, true), (job.Key.Job, job.Solo));
            await scene.CompleteAsync(node, job);
        }
        Expect.Equal(new() { Completed = 3, Failed = 1 }, await scene.TallyAsync());
    }

    private static async Task SucceedsAlone(Scene scene)
    {
        var id = await LostTwiceAsync(scene);
        var node = await scene.JoinAsync();
        await scene.CompleteAsync(node, await scene.ClaimOneAsync(node, idle: true));
        await scene.ExpectStatusAsync(id, JobStatus.Completed);
    }

    private static async Task RespectsMaxConcurrent(Scene scene)
    {
        var id = await scene.EnqueueAsync();
        await LoseNodeAsync(scene, maxConcurrent: 1);
        await LoseNodeAsync(scene, maxConcurrent: 1);
        var (first, second) = (await scene.JoinAsync(maxConcurrent: 1), await scene.JoinAsync(maxConcurrent: 1));
        await scene.EnqueueAsync();
        var alone = await scene.ClaimOneAsync(first, idle: true);
        Expect.Equal(id, alone.Key.Job);
        Expect.Empty(await scene.ClaimAsync(second, idle: true));
        await scene.CompleteAsync(first, alone);
        Expect.Equal(1, (await scene.ClaimAsync(second, idle: true)).Count);
    }

    private static async Task CancelledFreesDrain(Scene scene)
    {
        var busy = await scene.JoinAsync();
        await scene.EnqueueAsync();
        await scene.ClaimOneAsync(busy);
        var id = await LostTwiceAsync(scene);
        await scene.EnqueueAsync();
        Expect.Equal(true, (await scene.AskAsync(busy)).DrainForSolo);
        await scene.Store.CancelAsync(id);
        var answer = await scene.AskAsync(busy);
        Expect.Equal((false, 1), (answer.DrainForSolo, answer.Jobs.Count));
    }

    private static async Task PoisonRetriedRunsAlone(Scene scene)
    {
        var id = await LostTwiceAsync(scene);
        await LoseNodeAsync(scene);
        await scene.ExpectStatusAsync(id, JobStatus.Failed);
        await scene.Store.RetryAsync(id);
        var node = await scene.JoinAsync();
        var job = await scene.ClaimOneAsync(node, idle: true);
        Expect.Equal((id, true), (job.Key.Job, job.Solo));
    }

    private static async Task WaitsForGroup(Scene scene)
    {
        var id = await LostTwiceAsync(scene, "g");
        var (idle, busy) = (await scene.JoinAsync(Flow([new() { Name = Scene.Queue }])), await scene.JoinAsync(Flow([new() { Name = Scene.Queue }])));
        await scene.Store.PauseGroupAsync(Scene.Queue, "g", true);
        await ExpectNotGivenAsync(scene, idle, busy);
        await scene.Store.PauseGroupAsync(Scene.Queue, "g", false);
        await scene.Store.OpenBreakerAsync("q/g", TimeSpan.FromSeconds(30));
        await ExpectNotGivenAsync(scene, idle, busy);
        scene.Wait(30);
        Expect.Equal(id, (await scene.ClaimOneAsync(idle, idle: true)).Key.Job);
    }

    private static async Task WaitsForPermit(Scene scene)
    {
        var id = await LostTwiceAsync(scene, "g");
        var joining = Flow([Using("api", "seat")], Named("api", 1.PerMinute()), Named("seat", Limit.Concurrent(1) with { PerGroup = true }));
        var (idle, busy) = (await scene.JoinAsync(joining), await scene.JoinAsync(joining));
        await scene.AcquireAsync("api");
        await ExpectNotGivenAsync(scene, idle, busy);
        scene.Wait(60);
        var call = await scene.AcquireAsync("seat", node: busy, group: "g");
        await ExpectNotGivenAsync(scene, idle, busy);
        await scene.Store.ReleaseAsync(call.Permits);
        Expect.Equal(id, (await scene.ClaimOneAsync(idle, idle: true)).Key.Job);
        Expect.Equal((2L, 1L), ((await scene.LimitAsync("api")).Granted, (await scene.LimitAsync("seat", "g")).InUse));
    }

    private static async Task ExpectNotGivenAsync(Scene scene, NodeId idle, NodeId busy)
    {
        Expect.Empty(await scene.ClaimAsync(idle, idle: true));
        var answer = await scene.AskAsync(busy);
        Expect.Equal((0, false), (answer.Jobs.Count, answer.DrainForSolo));
    }

    private static async Task ChargesGroup(Scene scene)
    {
        await LostTwiceAsync(scene, "g");
        var node = await scene.JoinAsync(Flow([Using("seat")], Named("seat", Limit.Concurrent(1))));
        await scene.EnqueueAsync(9, "g");
        await scene.EnqueueAsync(9, "other");
        var lag = (await scene.GroupAsync("g")).Lag - (await scene.GroupAsync("other")).Lag;
        var job = await scene.ClaimOneAsync(node, idle: true);
        Expect.Equal((true, 1, 1L), (job.Solo, (await scene.GroupAsync("g")).InFlight, (await scene.LimitAsync("seat")).InUse));
        var end = scene.Clock.Now.AddSeconds(7);
        scene.WaitUntil(end);
        await scene.DoneAsync(node, JobTransition.Completed(new(job.Key, end.AddSeconds(-7), end), default, []));
        var charged = (await scene.GroupAsync("g")).Lag - (await scene.GroupAsync("other")).Lag - lag;
        Expect.Equal((7d, 0, 0L), (Math.Round(charged, 6), (await scene.GroupAsync("g")).InFlight, (await scene.LimitAsync("seat")).InUse));
        Expect.Equal("other", (await scene.ClaimOneAsync(node)).Group);
    }
}
