using Fairlead.Diagnostics;
using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>Limits of queues, decided inside the claim.</summary>
internal static class LimitCases
{
    private const int Seeds = 4;

    public static IEnumerable<ConformanceCase> All =>
    [
        new("Limit.Smooth", "Jobs of a limited queue are given one every Per/Permits, and the claim says when the next one is due.", Smooth),
        new("Limit.WaitIsNoMore", "Work left for want of a permit is no reason to claim again before the time the answer names.", WaitIsNoMore),
        new("Limit.WaitHoldsNoSlot", "A job that waits for a permit holds no slot: another queue's is given.", WaitHoldsNoSlot),
        new("Limit.SaysWhy", "A job that lacks a permit says which limit and until when; the wait is recorded until it is over.", SaysWhy),
        new("Limit.LateKeepsGrid", "Claims that are late by up to 50 ms cost the limit that once a window, not once a permit.", LateKeepsGrid),
        new("Limit.NothingSavedUp", "A smooth limit that was idle gives one, not several, when it is used again.", NothingSavedUp),
        new("Limit.BurstAtOnce", "A bucket gives its burst at once, then one every Per/Permits.", BurstAtOnce),
        new("Limit.WindowAtOnce", "A window gives all its permits at once, and the next exactly when the first is a window old.", WindowAtOnce),
        new("Limit.Quota", "A quota is given at once, and is whole again at its time of day.", Quota),
        new("Limit.QuotaOnShortDay", "A quota's day ends by its own time zone's clocks, also on the day they jump.", QuotaOnShortDay),
        new("Limit.Margin", "A margin is left unused.", Margin),
        new("Limit.CostByNumber", "A job may cost several permits.", CostByNumber),
        new("Limit.CostByPointer", "A job's payload may say what it costs, rounded up; a job that does not say costs what the queue says.", CostByPointer),
        new("Limit.CostTooLarge", "A job that costs more than the limit ever holds is let in when it is untouched, and paid off afterwards.", CostTooLarge),
        new("Limit.CostTooLargeForWindow", "So too in a window.", CostTooLargeForWindow),
        new("Limit.Debt", "A limit with debt admits while anything is left, is charged afterwards, and then waits until that is paid.", Debt),
        new("Limit.PerGroup", "Where each group has a limit of its own, a dry one leaves the others alone.", PerGroup),
        new("Limit.PerGroupWithoutGroup", "Jobs without a group share one such limit, and leave the groups alone.", PerGroupWithoutGroup),
        new("Limit.ConcurrentPerGroup", "Where each group has a number at once of its own, one that uses it up leaves the others alone, and goes on when its attempt ends.", ConcurrentPerGroup),
        new("Limit.ConcurrentPerGroupWithoutGroup", "So do the jobs without a group.", ConcurrentPerGroupWithoutGroup),
        new("Limit.ConcurrentPerGroupReleased", "What a call gives back of it is a job's a second later at most; the claim says when to look.", ConcurrentPerGroupReleased),
        new("Limit.AllOrNone", "A job that lacks one of its permits takes none of the others, in whatever order they are named.", AllOrNone),
        new("Limit.BothLimitsUsed", "A scarce limit of one queue costs a shared one nothing.", BothLimitsUsed),
        new("Limit.ConcurrentOverQueues", "A number at once holds over queues and nodes.", ConcurrentOverQueues),
        new("Limit.ConcurrentUntilEnd", "Its permits are held until the attempt ends, however it ends.", ConcurrentUntilEnd),
        new("Limit.ConcurrentAbandoned", "An abandoned attempt keeps its permits until it really ends.", ConcurrentAbandoned),
        new("Limit.ConcurrentDeath", "The death of a node frees the permits of its attempts, abandoned ones included.", ConcurrentDeath),
        new("Limit.ConcurrentGivenBack", "What a node gives back, by leaving or reconciling, frees its permits.", ConcurrentGivenBack),
        new("Limit.UnknownRefused", "A queue that uses a limit nobody has declared cannot be joined; the message names those that are known.", UnknownRefused),
        new("Limit.DeclaredElsewhere", "A queue may use a limit that another node has declared.", DeclaredElsewhere),
        .. Enumerable.Range(1, Seeds).Select(static seed => new ConformanceCase(
            $"Limit.AnyWindow{seed}", "Whatever the times of the claims: never more than n in any window.", scene => AnyWindow(scene, seed, 20.PerSecond()))),
        .. Enumerable.Range(1, Seeds).Select(static seed => new ConformanceCase(
            $"Limit.AnyWindowShape{seed}", "Nor for a limit in the shape of a window.", scene => AnyWindow(scene, seed, new Limit { Rate = 20.PerSecond(), Shape = LimitShape.Window }))),
        .. Enumerable.Range(1, Seeds).Select(static seed => new ConformanceCase(
            $"Limit.AnyStretch{seed}", "Whatever the times of the claims: a bucket never gives more than b − 1 + ⌈r·t⌉ in any time t.", scene => AnyStretch(scene, seed))),
    ];

    /// <summary>Claims one job after the other, each when the last answer said that it is due.</summary>
    private static async Task<List<double>> ClaimWhenDueAsync(Scene scene, NodeId node, int jobs, double late = 0)
    {
        var times = new List<double>();
        while (times.Count < jobs)
        {
            var answer = await scene.AskAsync(node);
            times.AddRange(answer.Jobs.Select(_ => scene.Since(scene.Clock.Now)));
            if (times.Count < jobs)
            {
                Expect.True(answer.NextDue is not null, "an answer that says when the next job is due");
                scene.WaitUntil(answer.NextDue!.Value);
                scene.Wait(late);
            }
        }
        return times;
    }

    private static async Task Smooth(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", 8.PerSecond()));
        await scene.EnqueueManyAsync(20);
        Expect.Sequence(Enumerable.Range(0, 20).Select(i => i * 0.125), await ClaimWhenDueAsync(scene, node, 20));
    }

    private static async Task WaitIsNoMore(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", 2.PerSecond()));
        await scene.EnqueueManyAsync(3);
        await scene.ClaimOneAsync(node);
        scene.Wait(0.1);
        var answer = await scene.AskAsync(node);
        Expect.Empty(answer.Jobs);
        Expect.Equal(false, answer.More);
        Expect.Equal(0.5, scene.Since(answer.NextDue));
        var full = await scene.AskAsync(node, slots: 0);
        Expect.Equal((false, 0.5), (full.More, scene.Since(full.NextDue)), "the answer to a full node");
    }

    private static async Task WaitHoldsNoSlot(Scene scene)
    {
        var node = await scene.JoinAsync(Flow([Using("api") with { MaxConcurrent = 1 }, new() { Name = "other" }], Named("api", 1.PerMinute())));
        await scene.EnqueueManyAsync(2);
        await scene.CompleteAsync(node, await scene.ClaimOneAsync(node));
        var other = await scene.EnqueueAsync(Job("other"));
        var answer = await scene.Store.ClaimAsync(scene.Request(node, 1) with { Queues = [new(Scene.Queue, [Kind], 1), new("other", [Kind], 1)] });
        Expect.Sequence([other], answer.Jobs.Select(j => j.Key.Job));
        Expect.Equal((1L, 0L), ((await scene.TallyAsync()).Queued, (await scene.TallyAsync()).Processing));
    }

    private static async Task SaysWhy(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", 2.PerSecond()));
        var ids = await scene.EnqueueManyAsync(2);
        await scene.ClaimAsync(node);
        Expect.Equal(new WaitReason(WaitCause.Limit, "api", scene.Clock.Now.AddSeconds(0.5)), (await scene.GetAsync(ids[1])).Reason ?? default);
        Expect.Sequence([(WaitCause.Limit, "api", 0d, -1d)], await scene.BlocksAsync(WaitCause.Limit, WaitCause.Slot));
        scene.Wait(0.5);
        await scene.ClaimOneAsync(node);
        Expect.Sequence([(WaitCause.Limit, "api", 0d, 0.5)], await scene.BlocksAsync(WaitCause.Limit, WaitCause.Slot));
    }

    private static async Task LateKeepsGrid(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", 8.PerSecond()));
        await scene.EnqueueManyAsync(81);
        var times = await ClaimWhenDueAsync(scene, node, 81, late: 0.04);
        Expect.True(times[7] < 0.92, $"the eighth of 8/s at 0.875 s, late by 40 ms; it was at {times[7]} s");
        Expect.True(times[^1] < 10.45, $"81 jobs of 8/s in ten seconds, each late by 40 ms; it was {times[^1]} s");
    }

    private static async Task NothingSavedUp(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", 100.PerSecond()));
        await scene.EnqueueManyAsync(10);
        await scene.ClaimOneAsync(node);
        scene.Wait(5);
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count, "the number of jobs given after an idle time");
    }

    private static async Task BurstAtOnce(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", new() { Rate = 2.PerSecond(), Burst = 3 }));
        await scene.EnqueueManyAsync(6);
        Expect.Sequence([0d, 0, 0, 0.5, 1, 1.5], await ClaimWhenDueAsync(scene, node, 6));
    }

    private static async Task WindowAtOnce(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", new() { Rate = 3.PerMinute(), Shape = LimitShape.Window }));
        await scene.EnqueueManyAsync(8);
        await scene.ClaimOneAsync(node);
        scene.Wait(10);
        Expect.Sequence([10d, 10, 60, 70, 70, 120], await ClaimWhenDueAsync(scene, node, 6));
    }

    private static async Task Quota(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", new() { Rate = 3.PerDay(), Resets = DailyReset.Parse("06:30") }));
        await scene.EnqueueManyAsync(7);
        scene.Wait(3600);
        Expect.Sequence([3600d, 3600, 3600, 23_400, 23_400, 23_400, 23_400 + 86_400], await ClaimWhenDueAsync(scene, node, 7));
    }

    private static async Task QuotaOnShortDay(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", new() { Rate = 1.PerDay(), Resets = DailyReset.Parse("00:00 America/Los_Angeles") }));
        await scene.EnqueueManyAsync(2);
        // On 8 March 2026 the clocks of Los Angeles go from 2:00 to 3:00: the day has 23 hours.
        scene.WaitUntil(new(2026, 3, 8, 8, 0, 0, TimeSpan.Zero));
        await scene.ClaimOneAsync(node);
        Expect.Equal(new DateTimeOffset(2026, 3, 9, 7, 0, 0, TimeSpan.Zero), (await scene.AskAsync(node)).NextDue);
        scene.Wait(23 * 3600);
        await scene.ClaimOneAsync(node);
    }

    private static async Task Margin(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", new() { Rate = 10.PerSecond(), Margin = 0.2 }));
        await scene.EnqueueManyAsync(5);
        Expect.Sequence([0d, 0.125, 0.25, 0.375, 0.5], await ClaimWhenDueAsync(scene, node, 5));
    }

    private static async Task CostByNumber(Scene scene)
    {
        var node = await scene.JoinAsync(Using(new LimitUse("api", 5)), Named("api", 10.PerSecond()));
        await scene.EnqueueManyAsync(3);
        Expect.Sequence([0d, 0.5, 1], await ClaimWhenDueAsync(scene, node, 3));
        Expect.Equal(15L, (await scene.LimitAsync("api")).Granted);
    }

    private static async Task CostByPointer(Scene scene)
    {
        var node = await scene.JoinAsync(Using(new LimitUse("api", 2, "/use/tokens")), Named("api", 10.PerSecond()));
        await scene.Store.EnqueueAsync([Job(payload: """{"use":{"tokens":5}}"""), Job(payload: "{}"), Job(payload: """{"use":{"tokens":2.5}}"""), Job()]);
        Expect.Sequence([0d, 0.5, 0.7, 1], await ClaimWhenDueAsync(scene, node, 4));
    }

    private static async Task CostTooLarge(Scene scene)
    {
        var node = await scene.JoinAsync(Using(new LimitUse("api", 1, "/tokens")), Named("api", 10.PerSecond()));
        await scene.Store.EnqueueAsync([Job(payload: """{"tokens":25}"""), Job()]);
        Expect.Sequence([0d, 2.5], await ClaimWhenDueAsync(scene, node, 2));
    }

    private static async Task CostTooLargeForWindow(Scene scene)
    {
        var node = await scene.JoinAsync(Using(new LimitUse("api", 1, "/tokens")), Named("api", new() { Rate = 10.PerSecond(), Shape = LimitShape.Window }));
        await scene.Store.EnqueueAsync([Job(payload: """{"tokens":25}"""), Job(payload: """{"tokens":5}"""), Job()]);
        // Ten, ten and five of it: the third window has room for five more.
        Expect.Sequence([0d, 2, 3], await ClaimWhenDueAsync(scene, node, 3));
    }

    private static async Task Debt(Scene scene)
    {
        var node = await scene.JoinAsync(Using("llm"), Named("llm", new() { Rate = 10.PerSecond(), Burst = 10, Debt = true }));
        await scene.EnqueueManyAsync(3);
        await scene.ClaimOneAsync(node);
        await scene.ReportAsync(new() { Limit = "llm", ExtraCost = 8 });
        await scene.ClaimOneAsync(node);
        await scene.ReportAsync(new() { Limit = "llm", ExtraCost = 15 });
        Expect.Equal(-15L, (await scene.LimitAsync("llm")).Available);
        var answer = await scene.AskAsync(node);
        Expect.Empty(answer.Jobs);
        Expect.True(scene.Since(answer.NextDue) is > 1.5 and <= 1.6, $"the next job when the debt of 15 is paid; it was due at {scene.Since(answer.NextDue)} s");
        scene.WaitUntil(answer.NextDue!.Value);
        await scene.ClaimOneAsync(node);
    }

    private static async Task PerGroup(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", new() { Rate = 1.PerMinute(), PerGroup = true }));
        foreach (var group in (string[])["a", "a", "a", "b", "c"])
        {
            await scene.EnqueueAsync(1, group);
        }
        var answer = await scene.AskAsync(node);
        Expect.Sequence(["a", "b", "c"], answer.Jobs.Select(j => j.Group!).Order());
        Expect.Equal((false, 60d), (answer.More, scene.Since(answer.NextDue)));
        Expect.Equal(new WaitReason(WaitCause.Limit, "api/a", scene.Clock.Now.AddSeconds(60)), (await scene.GroupAsync("a")).Blocked ?? default);
        scene.Wait(30);
        await scene.EnqueueAsync(1, "d");
        Expect.Equal("d", (await scene.ClaimOneAsync(node)).Group);
        scene.Wait(30);
        Expect.Equal("a", (await scene.ClaimOneAsync(node)).Group);
        Expect.Sequence([(WaitCause.Limit, "api/a", 0d, 60d), (WaitCause.Limit, "api/a", 60d, -1d)], await scene.BlocksAsync(WaitCause.Limit));
    }

    private static async Task PerGroupWithoutGroup(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", new() { Rate = 1.PerMinute(), PerGroup = true }));
        await scene.EnqueueAsync(3, null);
        await scene.EnqueueAsync(1, "a");
        Expect.Sequence(["", "a"], (await scene.ClaimAsync(node)).Select(j => j.Group ?? "").Order());
        await scene.EnqueueAsync(1, "b");
        Expect.Equal("b", (await scene.ClaimOneAsync(node)).Group);
        scene.Wait(60);
        Expect.Null((await scene.ClaimOneAsync(node)).Group);
    }

    private static NamedLimit OneSeatEach => Named("seat", Limit.Concurrent(1) with { PerGroup = true });

    private static async Task ConcurrentPerGroup(Scene scene)
    {
        var node = await scene.JoinAsync(Using("seat"), OneSeatEach);
        await scene.EnqueueAsync(2, "a");
        await scene.EnqueueAsync(1, "b");
        var first = await scene.AskAsync(node);
        Expect.Sequence(["a", "b"], first.Jobs.Select(j => j.Group!).Order());
        Expect.Equal((false, 1d), (first.More, scene.Since(first.NextDue)));
        Expect.Equal((WaitCause.Limit, "seat/a"), (await scene.GroupAsync("a")).Blocked is { } block ? (block.Cause, block.Key) : default);
        await scene.EnqueueAsync(1, "c");
        Expect.Equal("c", (await scene.ClaimOneAsync(node)).Group);
        await scene.CompleteAsync(node, first.Jobs.Single(j => j.Group == "a"));
        Expect.Equal("a", (await scene.ClaimOneAsync(node)).Group);
        Expect.Equal((1L, 1L, 1L), ((await scene.LimitAsync("seat", "a")).InUse, (await scene.LimitAsync("seat", "b")).InUse, (await scene.LimitAsync("seat", "c")).InUse));
    }

    private static async Task ConcurrentPerGroupWithoutGroup(Scene scene)
    {
        var node = await scene.JoinAsync(Using("seat"), OneSeatEach);
        await scene.EnqueueAsync(2, null);
        await scene.EnqueueAsync(1, "a");
        var first = await scene.AskAsync(node);
        Expect.Sequence(["", "a"], first.Jobs.Select(j => j.Group ?? "").Order());
        Expect.Equal((false, 1d), (first.More, scene.Since(first.NextDue)));
        Expect.Equal(WaitCause.Limit, (await scene.GroupAsync(null)).Blocked?.Cause);
        await scene.CompleteAsync(node, first.Jobs.Single(j => j.Group == "a"));
        Expect.Empty(await scene.ClaimAsync(node));
        await scene.CompleteAsync(node, first.Jobs.Single(j => j.Group is null));
        Expect.Null((await scene.GroupAsync(null)).Blocked);
        Expect.Null((await scene.ClaimOneAsync(node)).Group);
    }

    private static async Task ConcurrentPerGroupReleased(Scene scene)
    {
        var node = await scene.JoinAsync(Using("seat"), OneSeatEach);
        var call = await scene.AcquireAsync("seat", node: node, group: "a");
        await scene.EnqueueAsync(1, "a");
        await scene.EnqueueAsync(1, "b");
        var answer = await scene.AskAsync(node);
        Expect.Sequence(["b"], answer.Jobs.Select(j => j.Group!));
        Expect.Equal(1d, scene.Since(answer.NextDue));
        scene.Wait(0.5);
        await scene.Store.ReleaseAsync(call.Permits);
        scene.WaitUntil(answer.NextDue!.Value);
        Expect.Equal("a", (await scene.ClaimOneAsync(node)).Group);
    }

    private static async Task AllOrNone(Scene scene)
    {
        NamedLimit[] limits = [Named("slow", 1.PerMinute()), Named("wide", new() { Rate = 10.PerMinute(), Burst = 10 }), Named("few", Limit.Concurrent(5))];
        QueueDefinition one = new() { Name = Scene.Queue, Limits = ["slow", "wide", "few"] }, two = new() { Name = "two", Limits = ["few", "wide", "slow"] };
        var node = await scene.JoinAsync(Flow([one, two], limits));
        await scene.EnqueueManyAsync(2);
        await scene.EnqueueAsync(2, null, "two");
        for (var i = 0; i < 3; i++)
        {
            await scene.AskAsync(node);
            await scene.Store.ClaimAsync(scene.Request(node, queue: "two"));
        }
        Expect.Equal((9L, 1L), ((await scene.LimitAsync("wide")).Available, (await scene.LimitAsync("few")).InUse), "what the first job took");
    }

    private static async Task BothLimitsUsed(Scene scene)
    {
        QueueDefinition scarce = new() { Name = "scarce", Limits = ["shared", "own"] };
        var node = await scene.JoinAsync(Flow([Using("shared"), scarce], Named("shared", 8.PerSecond()), Named("own", 2.PerSecond())));
        await scene.EnqueueManyAsync(200);
        await scene.EnqueueAsync(200, null, "scarce");
        while (scene.Since(scene.Clock.Now) < 10)
        {
            var answer = await scene.Store.ClaimAsync(scene.Request(node, 1000) with { Queues = [new("scarce", [Kind], 1000), new(Scene.Queue, [Kind], 1000)] });
            scene.WaitUntil(answer.NextDue!.Value);
        }
        var (shared, own) = ((await scene.LimitAsync("shared")).Granted, (await scene.LimitAsync("own")).Granted);
        Expect.True(shared is >= 76 and <= 81, $"at least 95 % of 8/s used over 10 s; {shared} were");
        Expect.True(own is >= 15 and <= 21, $"2/s beside it used over 10 s; {own} were");
    }

    private static async Task ConcurrentOverQueues(Scene scene)
    {
        var other = await scene.OpenAnotherAsync();
        var both = Flow([Using("browser"), new() { Name = "other", Limits = ["browser"] }], Named("browser", Limit.Concurrent(3)));
        var (first, second) = (await scene.JoinAsync(both), await scene.JoinAsync(both, other));
        await scene.EnqueueManyAsync(2);
        await scene.EnqueueAsync(5, null, "other");
        var held = await scene.ClaimAsync(first);
        var answer = await other.ClaimAsync(scene.Request(second, queue: "other"));
        Expect.Equal((2, 1), (held.Count, answer.Jobs.Count));
        Expect.Equal((false, -1d), (answer.More, scene.Since(answer.NextDue)), "what the answer promises while only an end can help");
        Expect.Empty((await other.ClaimAsync(scene.Request(second, queue: "other"))).Jobs);
        await scene.CompleteAsync(first, held[0]);
        Expect.Equal(1, (await other.ClaimAsync(scene.Request(second, queue: "other"))).Jobs.Count);
    }

    private static async Task ConcurrentUntilEnd(Scene scene)
    {
        var node = await scene.JoinAsync(Using("browser"), Named("browser", Limit.Concurrent(1)));
        await scene.EnqueueManyAsync(5);
        Func<ClaimedJob, JobTransition>[] ends =
        [
            job => scene.Completed(job), job => scene.Failed(job), job => scene.Retried(job, 1000),
            job => JobTransition.Deferred(scene.Times(job), "429", TimeSpan.FromSeconds(1000), WaitCause.Limit), job => JobTransition.Cancelled(scene.Times(job)),
        ];
        foreach (var end in ends)
        {
            var job = await scene.ClaimOneAsync(node);
            Expect.Empty(await scene.ClaimAsync(node));
            await scene.DoneAsync(node, end(job));
            Expect.Equal(0L, (await scene.LimitAsync("browser")).InUse);
        }
    }

    private static async Task ConcurrentAbandoned(Scene scene)
    {
        var node = await scene.JoinAsync(Using("browser"), Named("browser", Limit.Concurrent(1)));
        await scene.EnqueueManyAsync(2);
        var job = await scene.ClaimOneAsync(node);
        await scene.DoneAsync(node, scene.Retried(job, 0, AttemptOutcome.TimedOut, abandoned: true));
        Expect.Empty(await scene.ClaimAsync(node));
        await scene.Store.ReleaseAbandonedAsync(node, job.Key);
        await scene.ClaimOneAsync(node);
        Expect.Equal(1L, (await scene.LimitAsync("browser")).InUse);
    }

    private static async Task ConcurrentDeath(Scene scene)
    {
        var doomed = await scene.OpenAnotherAsync();
        var joining = Flow([Using("browser")], Named("browser", Limit.Concurrent(2)));
        var (dead, alive) = (await scene.JoinAsync(joining, doomed), await scene.JoinAsync(joining));
        await scene.EnqueueManyAsync(4);
        var jobs = await scene.ClaimAsync(dead, store: doomed);
        await scene.ApplyAsync(dead, scene.Failed(jobs[0], AttemptOutcome.TimedOut, abandoned: true), doomed);
        Expect.Empty(await scene.ClaimAsync(alive));
        await scene.KillAsync(doomed);
        await scene.Store.RescueAsync();
        Expect.Equal(2, (await scene.ClaimAsync(alive)).Count);
    }

    private static async Task ConcurrentGivenBack(Scene scene)
    {
        var joining = Flow([Using("browser")], Named("browser", Limit.Concurrent(2)));
        var (first, second) = (await scene.JoinAsync(joining), await scene.JoinAsync(joining));
        await scene.EnqueueManyAsync(4);
        var jobs = await scene.ClaimAsync(first);
        await scene.Store.ReconcileAsync(first, scene.NextSequence(first), [jobs[1].Key]);
        Expect.Equal(1L, (await scene.LimitAsync("browser")).InUse);
        await scene.Store.LeaveAsync(first);
        Expect.Equal(2, (await scene.ClaimAsync(second)).Count);
    }

    private static async Task UnknownRefused(Scene scene)
    {
        await scene.Store.DeclareLimitsAsync([Named("keepa", 5.PerSecond())]);
        var refused = await Expect.ThrowsAsync<ArgumentException>(async () => await scene.JoinAsync(Using("kepa"), Named("browser", Limit.Concurrent(1))));
        Expect.Contains("kepa", refused.Message);
        Expect.Contains("browser, keepa", refused.Message);
        Expect.Empty(await scene.Store.ListNodesAsync());
    }

    private static async Task DeclaredElsewhere(Scene scene)
    {
        await scene.JoinAsync(new QueueDefinition { Name = "other" }, Named("api", 1.PerSecond()));
        var node = await scene.JoinAsync(Flow([Using("api")]));
        await scene.EnqueueManyAsync(2);
        await scene.ClaimOneAsync(node);
        Expect.Empty(await scene.ClaimAsync(node));
    }

    private static async Task<List<DateTimeOffset>> ClaimAtRandomAsync(Scene scene, int seed, Limit limit, double gap)
    {
        var random = new Random(seed);
        var joining = Flow([Using("api")], Named("api", limit));
        NodeId[] nodes = [await scene.JoinAsync(joining), await scene.JoinAsync(joining)];
        await scene.EnqueueManyAsync(400);
        var given = new List<DateTimeOffset>();
        for (var i = 0; i < 400; i++)
        {
            // Now quick, now slow, now a pause in which something could be saved up.
            scene.Wait(random.Next(20) switch { 0 => random.NextDouble(), < 8 => gap * random.NextDouble() / 5, _ => gap * random.NextDouble() });
            var jobs = await scene.ClaimAsync(nodes[random.Next(2)], random.Next(1, 4));
            given.AddRange(jobs.Select(_ => scene.Clock.Now));
        }
        return given;
    }

    private static async Task AnyWindow(Scene scene, int seed, Limit limit)
    {
        var given = await ClaimAtRandomAsync(scene, seed, limit, 0.05);
        Expect.True(given.Count > 100, $"more than a hundred jobs given; {given.Count} were");
        Expect.True(Windows.Most(given, TimeSpan.FromSeconds(1)) <= 20, $"at most 20 in any second; there were {Windows.Most(given, TimeSpan.FromSeconds(1))}");
    }

    private static async Task AnyStretch(Scene scene, int seed)
    {
        var given = await ClaimAtRandomAsync(scene, seed, new() { Rate = 20.PerSecond(), Burst = 5 }, 0.05);
        Expect.True(given.Count > 100, $"more than a hundred jobs given; {given.Count} were");
        Expect.Equal(0d, Windows.MostBeyond(given, 5, 20.PerSecond()), "what the worst stretch holds beyond its bound");
    }
}
