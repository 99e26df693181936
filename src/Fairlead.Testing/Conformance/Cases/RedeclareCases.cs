using Fairlead.Diagnostics;
using Fairlead.Limits;
using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>A node that declares anew while it runs.</summary>
internal static class RedeclareCases
{
    private static readonly QueueDefinition Other = new() { Name = "other" };

    public static IEnumerable<ConformanceCase> All =>
    [
        new("Redeclare.Replaces", "Queues, kinds and slots are what was declared last; name, lease and what runs stay.", Replaces),
        new("Redeclare.OwnDefinition", "A definition that no other live node holds is replaced, and in force at once.", OwnDefinition),
        new("Redeclare.OthersHold", "What another live node holds otherwise is refused by name, and nothing is changed.", OthersHold),
        new("Redeclare.Limits", "Limits are declared with it: new ones, and others of its own.", Limits),
        new("Redeclare.UnknownLimit", "A queue that uses a limit nobody declared is refused, and nothing is changed.", UnknownLimit),
        new("Redeclare.LetsGo", "What it no longer declares, others may declare otherwise.", LetsGo),
        new("Redeclare.WithoutLease", "A node without its lease declares nothing.", WithoutLease),
        new("Redeclare.ChangeStays", "An operator's change stays in force above it.", ChangeStays),
        new("Redeclare.Groups", "Groups that the new definition no longer blocks go on.", Groups),
        new("Redeclare.Signals", "Listeners hear of it.", Signals),
        new("Redeclare.NoNode", "The wait for a node begins for kinds that nobody serves any more, and ends for those that are served now.", NoNode),
    ];

    private static ValueTask DeclareAsync(Scene scene, NodeId node, params QueueDefinition[] definitions) => scene.Store.DeclareAsync(node, Flow(definitions));

    private static QueueDefinition Max(int? max) => new() { Name = Scene.Queue, MaxConcurrent = max };

    private static async Task Replaces(Scene scene)
    {
        var node = await scene.JoinAsync(Registration() with { Name = "host:1" });
        await scene.EnqueueAsync();
        var running = await scene.ClaimOneAsync(node);
        await scene.Store.DeclareAsync(node, Registration(Other, new JobKind("fetch", 2)) with { Name = "renamed", Slots = 7, Lease = TimeSpan.FromDays(1) });
        var info = (await scene.Store.ListNodesAsync()).Single();
        Expect.Equal((node, "host:1", 7, 1), (info.Id, info.Name, info.Slots, info.Running));
        Expect.Sequence(["other"], info.Serves.Keys);
        Expect.Sequence([new JobKind("fetch", 2)], info.Serves["other"]);
        await scene.CompleteAsync(node, running);
        scene.Wait(8);
        Expect.Equal(1, (await scene.Store.RescueAsync()).DeadNodes.Count);
    }

    private static async Task OwnDefinition(Scene scene)
    {
        var node = await scene.JoinAsync(maxConcurrent: 1);
        await scene.EnqueueManyAsync(5);
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count);
        await DeclareAsync(scene, node, Max(3));
        Expect.Equal(2, (await scene.ClaimAsync(node)).Count);
        await DeclareAsync(scene, node, Max(2));
        Expect.Empty(await scene.ClaimAsync(node));
        Expect.Equal(Max(2), (await scene.QueueAsync()).Definition);
    }

    private static async Task OthersHold(Scene scene)
    {
        var node = await scene.JoinAsync(Flow([Max(17), Other], Named("own", 1.PerSecond())));
        var second = await scene.OpenAnotherAsync();
        await scene.JoinAsync(Flow([Max(17)], Named("api", 8.PerSecond())) with { Name = "holder" }, second);
        var refused = await Expect.ThrowsAsync<StoreMismatchException>(async () => await scene.Store.DeclareAsync(node, Flow([Other with { Retries = 9 }, Max(23)], Named("own", 2.PerSecond()))));
        Expect.Contains("holder", refused.Message);
        Expect.Contains("17", refused.Message);
        Expect.Contains("23", refused.Message);
        refused = await Expect.ThrowsAsync<StoreMismatchException>(async () => await scene.Store.DeclareAsync(node, Flow([], Named("own", 2.PerSecond()), Named("api", 9.PerSecond()))));
        Expect.Contains("'api'", refused.Message);
        Expect.Equal((Max(17), Other), ((await scene.QueueAsync()).Definition, (await scene.QueueAsync("other")).Definition));
        Expect.Equal((Limit.FromRate(1.PerSecond()), Limit.FromRate(8.PerSecond())), ((await scene.LimitAsync("own")).Declared, (await scene.LimitAsync("api")).Declared));
        Expect.Sequence(["other", Scene.Queue], (await scene.Store.ListNodesAsync()).Single(info => info.Id == node).Serves.Keys.Order());
    }

    private static async Task Limits(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", 1.PerDay()));
        await scene.EnqueueManyAsync(5);
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count);
        await scene.Store.DeclareAsync(node, Flow([Using("browser")], Named("browser", Limit.Concurrent(2))));
        Expect.Equal(2, (await scene.ClaimAsync(node)).Count);
        await scene.Store.DeclareAsync(node, Flow([Using("browser")], Named("browser", Limit.Concurrent(3))));
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count);
        Expect.Equal(Limit.Concurrent(3), (await scene.LimitAsync("browser")).Declared);
    }

    private static async Task UnknownLimit(Scene scene)
    {
        var node = await scene.JoinAsync(maxConcurrent: 1);
        var refused = await Expect.ThrowsAsync<ArgumentException>(async () => await DeclareAsync(scene, node, Max(2), Other with { Limits = ["nowhere"] }));
        Expect.Contains("nowhere", refused.Message);
        Expect.Equal(Max(1), (await scene.QueueAsync()).Definition);
        Expect.Sequence([Scene.Queue], (await scene.Store.ListNodesAsync()).Single().Serves.Keys);
    }

    private static async Task LetsGo(Scene scene)
    {
        var node = await scene.JoinAsync(Flow([Max(1)], Named("api", 1.PerSecond())));
        await DeclareAsync(scene, node, Other);
        await scene.JoinAsync(Flow([Max(2)], Named("api", 2.PerSecond())), await scene.OpenAnotherAsync());
        Expect.Equal(Max(2), (await scene.QueueAsync()).Definition);
        Expect.Equal(Limit.FromRate(2.PerSecond()), (await scene.LimitAsync("api")).Declared);
        await Expect.ThrowsAsync<StoreMismatchException>(async () => await DeclareAsync(scene, node, Max(1)));
    }

    private static async Task WithoutLease(Scene scene)
    {
        var left = await scene.JoinAsync(maxConcurrent: 1);
        await scene.Store.LeaveAsync(left);
        await DeclareAsync(scene, left, Max(2));
        var silent = await scene.JoinAsync(maxConcurrent: 3);
        scene.Wait(8);
        await DeclareAsync(scene, silent, Max(4));
        await DeclareAsync(scene, new(4711), Max(5));
        Expect.Equal(Max(3), (await scene.QueueAsync()).Definition);
    }

    private static async Task ChangeStays(Scene scene)
    {
        var node = await scene.JoinAsync(maxConcurrent: 1);
        await scene.Store.ChangeQueueAsync(Scene.Queue, new() { MaxConcurrent = 2 });
        await DeclareAsync(scene, node, Max(5) with { Retries = 0 });
        await scene.EnqueueManyAsync(5);
        Expect.Equal(2, (await scene.ClaimAsync(node)).Count);
        Expect.Sequence([Max(2) with { Retries = 0 }], (await scene.Store.HeartbeatAsync(node)).Changed);
    }

    private static async Task Groups(Scene scene)
    {
        var node = await scene.JoinAsync(Max(null) with { GroupConcurrency = 1 });
        await scene.EnqueueAsync(3, "a");
        await scene.ClaimOneAsync(node);
        Expect.Empty(await scene.ClaimAsync(node));
        await DeclareAsync(scene, node, Max(null) with { GroupConcurrency = 2 });
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count);
    }

    private static async Task Signals(Scene scene)
    {
        var node = await scene.JoinAsync(maxConcurrent: 1);
        await scene.HearAsync(StoreSignals.Control | StoreSignals.Work, async () => await DeclareAsync(scene, node, Max(2)));
    }

    private static async Task NoNode(Scene scene)
    {
        var node = await scene.JoinAsync(Registration() with { Lease = TimeSpan.FromDays(1) });
        var (id, fetch) = (await scene.EnqueueAsync(), await scene.EnqueueAsync(Job(kind: "fetch")));
        scene.Wait(1);
        await scene.Store.DeclareAsync(node, Registration(null, new JobKind("fetch")));
        Expect.Equal((WaitCause.NoNode, WaitCause.Start), ((await scene.GetAsync(id)).Reason?.Cause, (await scene.GetAsync(fetch)).Reason?.Cause));
        scene.Wait(1);
        await scene.Store.DeclareAsync(node, Registration());
        Expect.Sequence([("fetch", 0d, 1d), ("fetch", 2d, -1d), ("work", 1d, 2d)],
            (await scene.BlocksAsync(WaitCause.NoNode)).Select(block => (block.Key, block.From, block.To)).Order());
    }
}
