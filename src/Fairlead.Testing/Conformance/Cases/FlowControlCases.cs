using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>One definition of a limit in the cluster, and what operators change of it.</summary>
internal static class FlowControlCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Declare.OneDefinition", "Another definition of a limit is refused while a live node holds the first; the message names both.", OneDefinition),
        new("Declare.ByProducer", "So it is to a producer that declares limits without a node.", ByProducer),
        new("Declare.SameAgrees", "The same definition from several nodes is no conflict.", SameAgrees),
        new("Declare.ChangesWhenFree", "When no live node holds a definition, the next one counts.", ChangesWhenFree),
        new("Declare.RefusedChangesNothing", "A refused join leaves neither its limits nor its node behind.", RefusedChangesNothing),
        new("Declare.Unsound", "A limit that breaks a rule is refused with words.", Unsound),
        new("Declare.QueueOfOneMind", "Queues that differ in limits, weights, group or breaker are not the same definition.", QueueOfOneMind),
        new("Change.InForceAtOnce", "A changed limit is in force at once, for every process.", InForceAtOnce),
        new("Change.Outlives", "A change outlives the nodes and what new ones declare, until it is reset.", Outlives),
        new("Change.WakesGroups", "Groups that waited for their own limit are looked at anew.", WakesGroups),
        new("Change.Raises", "More at once are given at once.", Raises),
        new("Change.Refused", "A rate cannot become a number at once, nor the other way round; an unsound one is refused.", Refused),
        new("Change.Unknown", "There is nothing to change under an unknown name.", Unknown),
        new("Change.Listed", "Limits are listed by name, with what is declared and what is in force.", Listed),
    ];

    private static NodeRegistration With(Limit limit, string name = "node") => Flow([new() { Name = Scene.Queue }], Named("api", limit)) with { Name = name };

    private static async Task OneDefinition(Scene scene)
    {
        var other = await scene.OpenAnotherAsync();
        await scene.JoinAsync(With(8.PerSecond(), "holder"));
        var refused = await Expect.ThrowsAsync<StoreMismatchException>(async () => await scene.JoinAsync(With(5.PerSecond()), other));
        foreach (var part in (string[])["'api'", "8/s", "5/s", "'holder'"])
        {
            Expect.Contains(part, refused.Message);
        }
    }

    private static async Task ByProducer(Scene scene)
    {
        await scene.JoinAsync(With(8.PerSecond()));
        await scene.Store.DeclareLimitsAsync([Named("api", 8.PerSecond())]);
        await Expect.ThrowsAsync<StoreMismatchException>(async () =>
            await scene.Store.DeclareLimitsAsync([Named("other", 1.PerSecond()), Named("api", new() { Rate = 8.PerSecond(), Burst = 2 })]));
        Expect.Sequence(["api"], (await scene.Store.ListLimitsAsync()).Select(l => l.Name));
    }

    private static async Task SameAgrees(Scene scene)
    {
        var limit = new Limit { Rate = 8.PerSecond(), Adaptive = true, Headers = new() { Remaining = "x-left" }, Breaker = new() };
        await scene.JoinAsync(With(limit));
        await scene.JoinAsync(With(limit with { Headers = new() { Remaining = "x-left" }, Breaker = new() }), await scene.OpenAnotherAsync());
        Expect.Equal(2, (await scene.Store.ListNodesAsync()).Count);
        Expect.Equal(limit, (await scene.LimitAsync("api")).Declared);
    }

    private static async Task ChangesWhenFree(Scene scene)
    {
        var first = await scene.JoinAsync(With(8.PerSecond()));
        await scene.Store.LeaveAsync(first);
        await scene.JoinAsync(With(5.PerSecond()));
        Expect.Equal(Limit.FromRate(5.PerSecond()), (await scene.LimitAsync("api")).Declared);
    }

    private static async Task RefusedChangesNothing(Scene scene)
    {
        await scene.JoinAsync(With(8.PerSecond()));
        var joining = With(5.PerSecond()) with { Limits = [Named("new", 1.PerSecond()), Named("api", 5.PerSecond())] };
        await Expect.ThrowsAsync<StoreMismatchException>(async () => await scene.JoinAsync(joining));
        Expect.Sequence(["api"], (await scene.Store.ListLimitsAsync()).Select(l => l.Name));
        Expect.Equal(1, (await scene.Store.ListNodesAsync()).Count);
        Expect.Equal(Limit.FromRate(8.PerSecond()), (await scene.LimitAsync("api")).Declared);
    }

    private static async Task Unsound(Scene scene)
    {
        Limit[] unsound = [new(), new() { Rate = 8.PerSecond(), AtOnce = 3 }, new() { Rate = 8.PerSecond(), Margin = 0.9 }, Limit.Concurrent(3) with { Debt = true }];
        foreach (var limit in unsound)
        {
            var refused = await Expect.ThrowsAsync<ArgumentException>(async () => await scene.Store.DeclareLimitsAsync([Named("api", limit)]));
            Expect.Contains("'api'", refused.Message);
        }
        Expect.Empty(await scene.Store.ListLimitsAsync());
    }

    private static async Task QueueOfOneMind(Scene scene)
    {
        var held = Using("api", new LimitUse("llm", 2, "/tokens")) with
        {
            Group = "/account", GroupConcurrency = 2, Weights = new Dictionary<string, double> { ["big"] = 2 }, Breaker = new(),
        };
        NamedLimit[] limits = [Named("api", 8.PerSecond()), Named("llm", 9.PerSecond())];
        await scene.JoinAsync(held, limits);
        await scene.JoinAsync(held with { Limits = [.. held.Limits], Weights = new Dictionary<string, double> { ["big"] = 2 }, Breaker = new() }, limits);
        QueueDefinition[] others =
        [
            held with { Limits = ["api"] }, held with { Group = "/tenant" }, held with { GroupConcurrency = null },
            held with { Weights = new Dictionary<string, double> { ["big"] = 3 } }, held with { Breaker = new() { Failures = 9 } },
        ];
        foreach (var other in others)
        {
            await Expect.ThrowsAsync<StoreMismatchException>(async () => await scene.JoinAsync(other, limits));
        }
        var definition = Expect.NotNull((await scene.QueueAsync()).Definition);
        Expect.True(definition == held, "the queue's definition as it was declared, after another process's eyes");
    }

    private static async Task InForceAtOnce(Scene scene)
    {
        var other = await scene.OpenAnotherAsync();
        await scene.JoinAsync(With(8.PerSecond()));
        Expect.Sequence([0d], await scene.SlotsAsync("api", 1));
        Expect.Equal(true, await other.ChangeLimitAsync("api", 2.PerSecond()));
        scene.Wait(10);
        Expect.Sequence([10d, 10.5], await scene.SlotsAsync("api", 2));
        var limit = await scene.LimitAsync("api");
        Expect.Equal((Limit.FromRate(8.PerSecond()), Limit.FromRate(2.PerSecond()), 2d), (limit.Declared, limit.InForce, limit.PerSecond ?? 0));
    }

    private static async Task Outlives(Scene scene)
    {
        var first = await scene.JoinAsync(With(8.PerSecond()));
        await scene.Store.ChangeLimitAsync("api", 2.PerSecond());
        await scene.Store.LeaveAsync(first);
        await scene.JoinAsync(With(5.PerSecond()), await scene.OpenAnotherAsync());
        Expect.Equal(2d, (await scene.LimitAsync("api")).PerSecond ?? 0);
        Expect.Equal(true, await scene.Store.ChangeLimitAsync("api", null));
        Expect.Equal(5d, (await scene.LimitAsync("api")).PerSecond ?? 0);
    }

    private static async Task WakesGroups(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", new() { Rate = 1.PerDay(), PerGroup = true }));
        await scene.EnqueueAsync(2, "a");
        await scene.ClaimOneAsync(node);
        Expect.Empty(await scene.ClaimAsync(node));
        await scene.Store.ChangeLimitAsync("api", new() { Rate = 1.PerDay(), Shape = LimitShape.Window, PerGroup = true });
        Expect.Empty(await scene.ClaimAsync(node));
        await scene.Store.ChangeLimitAsync("api", new() { Rate = 5.PerDay(), Shape = LimitShape.Window, PerGroup = true });
        await scene.ClaimOneAsync(node);
    }

    private static async Task Raises(Scene scene)
    {
        var node = await scene.JoinAsync(Using("browser"), Named("browser", Limit.Concurrent(1)));
        await scene.EnqueueManyAsync(5);
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count);
        await scene.Store.ChangeLimitAsync("browser", Limit.Concurrent(3));
        Expect.Equal(2, (await scene.ClaimAsync(node)).Count);
        await scene.Store.ChangeLimitAsync("browser", Limit.Concurrent(2));
        Expect.Empty(await scene.ClaimAsync(node));
    }

    private static async Task Refused(Scene scene)
    {
        await scene.JoinAsync(With(8.PerSecond()));
        foreach (var wrong in (Limit[])[Limit.Concurrent(3), new() { Rate = 8.PerSecond(), Burst = 0 }, new() { Rate = 8.PerSecond(), PerGroup = true }])
        {
            var refused = await Expect.ThrowsAsync<ArgumentException>(async () => await scene.Store.ChangeLimitAsync("api", wrong));
            Expect.Contains("'api'", refused.Message);
        }
        Expect.Equal(Limit.FromRate(8.PerSecond()), (await scene.LimitAsync("api")).InForce);
    }

    private static async Task Unknown(Scene scene) => Expect.Equal(false, await scene.Store.ChangeLimitAsync("api", 8.PerSecond()));

    private static async Task Listed(Scene scene)
    {
        await scene.Store.DeclareLimitsAsync([Named("b", 8.PerSecond()), Named("a", Limit.Concurrent(3)), Named("c", new() { Rate = 1.PerSecond(), PerGroup = true })]);
        scene.Wait(1);
        await scene.AcquireAsync("c", group: "old");
        scene.Wait(1);
        await scene.AcquireAsync("c", group: "new");
        var limits = await scene.Store.ListLimitsAsync();
        Expect.Sequence([("a", ""), ("b", ""), ("c", ""), ("c", "new"), ("c", "old")], limits.Select(l => (l.Name, l.Group ?? "")));
        Expect.Equal((3L, 0L), (limits[0].Available, limits[0].InUse));
        Expect.Equal((1L, scene.Clock.Now), (limits[1].Available, limits[1].NextAt ?? default));
    }
}
