using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

internal static class LeaseCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Lease.NewIdAtEveryJoin", "A node gets a new id at every join.", NewIdAtEveryJoin),
        new("Lease.HeldWhileHeardOf", "A node that is heard of within its lease keeps it for ever.", HeldWhileHeardOf),
        new("Lease.KilledNodeIsFound", "A dead node is found, and its jobs are ready again at once.", KilledNodeIsFound),
        new("Lease.SilentNodeIsFound", "A node that is silent beyond its lease, while the store was written by others, is found dead.", SilentNodeIsFound),
        new("Lease.FoundOnce", "A dead node is found once, and counted once.", FoundOnce),
        new("Lease.DeathCostsNoAttempt", "A node's death costs its jobs no attempt.", DeathCostsNoAttempt),
        new("Lease.LostLeaseIsTold", "The heartbeat of a node that was found dead says so, and it gets nothing.", LostLeaseIsTold),
        new("Lease.OthersKeepTheirs", "The death of one node touches no other.", OthersKeepTheirs),
        new("Lease.FreesSlots", "A dead node's jobs no longer count against max_concurrent.", FreesSlots),
        new("Lease.LeaveHandsBack", "A node that leaves hands back what it holds, at no cost.", LeaveHandsBack),
        new("Lease.LeftIdIsNeverAccepted", "The id of a node that left is never accepted again.", LeftIdIsNeverAccepted),
        new("Lease.DeathFreesAbandoned", "What abandoned attempts of a dead node kept is free.", DeathFreesAbandoned),
        new("Lease.NodesAreListed", "Nodes are listed while they live and for an hour after.", NodesAreListed),
        new("Lease.OneDefinition", "Another definition of a queue is refused while a live node holds the first; the message names both.", OneDefinition),
        new("Lease.SameDefinitionAgrees", "The same definition from several nodes is no conflict.", SameDefinitionAgrees),
        new("Lease.DefinitionChangesWhenFree", "When no live node holds a definition, the next node's counts.", DefinitionChangesWhenFree),
        new("Lease.RefusedJoinChangesNothing", "A refused join leaves no node and no definition behind.", RefusedJoinChangesNothing),
    ];

    private static async Task NewIdAtEveryJoin(Scene scene)
    {
        var first = await scene.JoinAsync();
        await scene.Store.LeaveAsync(first);
        var second = await scene.JoinAsync();
        Expect.True(first.Value >= 1 && second != first, "a new id at the second join");
    }

    private static async Task HeldWhileHeardOf(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync();
        var job = await scene.ClaimOneAsync(node);
        for (var i = 0; i < 20; i++)
        {
            scene.Wait(7);
            var reply = await scene.Store.HeartbeatAsync(node);
            Expect.Equal(true, reply.Held);
            Expect.Equal(scene.Clock.Now, reply.Now);
            Expect.Empty((await scene.Store.RescueAsync()).DeadNodes);
        }
        await scene.CompleteAsync(node, job);
    }

    /// <summary>Two processes with a node each; the first holds jobs and is then killed.</summary>
    private static async Task<(NodeId Dead, NodeId Alive, IReadOnlyList<ClaimedJob> Jobs)> KillOneAsync(Scene scene, int jobs = 1, int? maxConcurrent = null)
    {
        var doomed = await scene.OpenAnotherAsync();
        var dead = await scene.JoinAsync(doomed, maxConcurrent);
        var alive = await scene.JoinAsync(maxConcurrent: maxConcurrent);
        await scene.EnqueueManyAsync(jobs);
        var claimed = await scene.ClaimAsync(dead, store: doomed);
        await scene.KillAsync(doomed);
        return (dead, alive, claimed);
    }

    private static async Task KilledNodeIsFound(Scene scene)
    {
        var (dead, alive, jobs) = await KillOneAsync(scene, 3);
        var rescue = await scene.Store.RescueAsync();
        Expect.Sequence([dead], rescue.DeadNodes.Select(n => n.Id));
        Expect.Equal(3, rescue.Requeued);
        Expect.Equal(0, rescue.Poisoned);
        Expect.Sequence(jobs.Select(j => j.Key.Job), (await scene.ClaimAsync(alive)).Select(j => j.Key.Job));
    }

    private static async Task SilentNodeIsFound(Scene scene)
    {
        var other = await scene.OpenAnotherAsync();
        var (silent, talking) = (await scene.JoinAsync(), await scene.JoinAsync(other));
        var id = await scene.EnqueueAsync();
        await scene.ClaimOneAsync(silent);
        // The other one writes all the while: the store is not to blame for the silence.
        for (var i = 0; i < 12; i++)
        {
            scene.Wait(1);
            await other.HeartbeatAsync(talking);
            await other.EnqueueAsync([Job("elsewhere")]);
            await other.RescueAsync();
        }
        Expect.Equal(false, (await scene.Store.HeartbeatAsync(silent)).Held);
        await scene.ExpectStatusAsync(id, JobStatus.Queued);
    }

    private static async Task FoundOnce(Scene scene)
    {
        await KillOneAsync(scene);
        await scene.Store.RescueAsync();
        var again = await scene.Store.RescueAsync();
        Expect.Empty(again.DeadNodes);
        Expect.Equal(0, again.Requeued);
        Expect.Equal(1L, (await scene.Store.GetCountersAsync()).NodesLost);
    }

    private static async Task DeathCostsNoAttempt(Scene scene)
    {
        var (_, alive, jobs) = await KillOneAsync(scene);
        await scene.Store.RescueAsync();
        var job = await scene.GetAsync(jobs[0].Key.Job);
        Expect.Equal(0, job.Attempt);
        Expect.Equal(1, job.NodesLost);
        Expect.Equal(AttemptOutcome.Lost, job.LastOutcome);
        var next = await scene.ClaimOneAsync(alive);
        Expect.Equal(1, next.Attempt);
        Expect.True(next.Key.Fence > jobs[0].Key.Fence, "a higher fence after the loss");
    }

    private static async Task LostLeaseIsTold(Scene scene)
    {
        var (dead, _, _) = await KillOneAsync(scene);
        await scene.Store.RescueAsync();
        Expect.Equal(false, (await scene.Store.HeartbeatAsync(dead)).Held);
        Expect.Empty(await scene.ClaimAsync(dead));
    }

    private static async Task OthersKeepTheirs(Scene scene)
    {
        var alive = await scene.JoinAsync();
        await scene.EnqueueAsync();
        var mine = await scene.ClaimOneAsync(alive);
        await KillOneAsync(scene);
        Expect.Equal(1, (await scene.Store.RescueAsync()).Requeued);
        Expect.Equal(true, (await scene.Store.HeartbeatAsync(alive)).Held);
        await scene.CompleteAsync(alive, mine);
    }

    private static async Task FreesSlots(Scene scene)
    {
        var (_, alive, _) = await KillOneAsync(scene, 3, maxConcurrent: 2);
        Expect.Empty(await scene.ClaimAsync(alive));
        await scene.Store.RescueAsync();
        Expect.Equal(2, (await scene.ClaimAsync(alive)).Count);
    }

    private static async Task LeaveHandsBack(Scene scene)
    {
        var (leaving, staying) = (await scene.JoinAsync(), await scene.JoinAsync());
        var ids = await scene.EnqueueManyAsync(2);
        await scene.ClaimAsync(leaving);
        await scene.Store.LeaveAsync(leaving);
        var jobs = await scene.ClaimAsync(staying);
        Expect.Sequence(ids, jobs.Select(j => j.Key.Job));
        Expect.Sequence([1, 1], jobs.Select(j => j.Attempt));
        Expect.Equal(0, (await scene.GetAsync(ids[0])).NodesLost);
        Expect.Equal(0L, (await scene.Store.GetCountersAsync()).NodesLost);
    }

    private static async Task LeftIdIsNeverAccepted(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync();
        var job = await scene.ClaimOneAsync(node);
        await scene.Store.LeaveAsync(node);
        Expect.Equal(false, (await scene.Store.HeartbeatAsync(node)).Held);
        Expect.Equal(ApplyResult.Stale, await scene.ApplyAsync(node, scene.Completed(job)));
        await scene.Store.LeaveAsync(node);
    }

    private static async Task DeathFreesAbandoned(Scene scene)
    {
        var doomed = await scene.OpenAnotherAsync();
        var dead = await scene.JoinAsync(doomed);
        await scene.EnqueueAsync(Job(key: "k"));
        var job = await scene.ClaimOneAsync(dead, store: doomed);
        await scene.ApplyAsync(dead, scene.Failed(job, AttemptOutcome.TimedOut, abandoned: true), doomed);
        Expect.Equal(true, (await scene.Store.EnqueueAsync([Job(key: "k")]))[0].Existing);
        await scene.KillAsync(doomed);
        await scene.Store.RescueAsync();
        Expect.Equal(false, (await scene.Store.EnqueueAsync([Job(key: "k")]))[0].Existing);
        Expect.Equal(0, (await scene.QueueAsync()).Abandoned);
    }

    private static async Task NodesAreListed(Scene scene)
    {
        var node = await scene.JoinAsync(Registration() with { Name = "host:1", Slots = 7 });
        await scene.EnqueueAsync();
        await scene.ClaimOneAsync(node);
        var info = (await scene.Store.ListNodesAsync()).Single();
        Expect.Equal((node, "host:1", 7, 1), (info.Id, info.Name, info.Slots, info.Running));
        Expect.Null(info.LeftAt);
        Expect.Sequence([Scene.Queue], info.Serves.Keys);
        Expect.Sequence([Kind], info.Serves[Scene.Queue]);
        await scene.Store.LeaveAsync(node);
        scene.Wait(3500);
        Expect.Equal(scene.Clock.Now.AddSeconds(-3500), (await scene.Store.ListNodesAsync()).Single().LeftAt);
        scene.Wait(200);
        Expect.Empty(await scene.Store.ListNodesAsync());
    }

    private static NodeRegistration With(int maxConcurrent) => Registration(new() { Name = Scene.Queue, MaxConcurrent = maxConcurrent });

    private static async Task OneDefinition(Scene scene)
    {
        await scene.JoinAsync(With(17));
        var other = await scene.OpenAnotherAsync();
        var refused = await Expect.ThrowsAsync<StoreMismatchException>(async () => await other.JoinAsync(With(23)));
        Expect.Contains(Scene.Queue, refused.Message);
        Expect.Contains("17", refused.Message);
        Expect.Contains("23", refused.Message);
    }

    private static async Task SameDefinitionAgrees(Scene scene)
    {
        await scene.JoinAsync(With(3));
        await scene.JoinAsync(With(3));
        Expect.Equal(new QueueDefinition { Name = Scene.Queue, MaxConcurrent = 3 }, (await scene.QueueAsync()).Definition);
    }

    private static async Task DefinitionChangesWhenFree(Scene scene)
    {
        await scene.Store.LeaveAsync(await scene.JoinAsync(With(1)));
        var node = await scene.JoinAsync(With(2));
        await scene.EnqueueManyAsync(3);
        Expect.Equal(2, (await scene.ClaimAsync(node)).Count);
    }

    private static async Task RefusedJoinChangesNothing(Scene scene)
    {
        await scene.JoinAsync(With(1));
        var wanted = With(2) with { Queues = [new(new() { Name = "fresh", MaxConcurrent = 9 }, [Kind]), .. With(2).Queues] };
        await Expect.ThrowsAsync<StoreMismatchException>(async () => await scene.Store.JoinAsync(wanted));
        Expect.Equal(1, (await scene.Store.ListNodesAsync()).Count);
        Expect.True((await scene.Store.ListQueuesAsync()).All(q => q.Definition?.MaxConcurrent != 9), "no definition from the refused join");
    }
}
