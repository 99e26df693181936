using Fairlead.Diagnostics;
using Fairlead.Limits;
using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>Permits for calls inside handlers, and what upstreams' answers do to a limit.</summary>
internal static class PermitCases
{
    private const int Seeds = 4;

    public static IEnumerable<ConformanceCase> All =>
    [
        new("Permit.Spaced", "Permits of a rate are moments, exactly Per/Permits apart.", Spaced),
        new("Permit.Within", "Nothing is reserved further ahead than was asked; the answer says when to ask again.", Within),
        new("Permit.TwoSecondsAtMost", "Nor further than 2 s ahead, whatever was asked.", TwoSecondsAtMost),
        new("Permit.OneLine", "All processes stand in one line.", OneLine),
        new("Permit.Cost", "A permit may cost several.", Cost),
        new("Permit.LastGivenBack", "The last permit in line, given back, is the next to be given.", LastGivenBack),
        new("Permit.MiddleGivenBack", "So is one from the middle, once.", MiddleGivenBack),
        new("Permit.LateGivenBack", "A permit given back after its moment gives nobody more.", LateGivenBack),
        new("Permit.GivenBackToJobs", "A claim takes what was given back.", GivenBackToJobs),
        new("Permit.UnknownLimit", "Asking for an unknown limit names those that are known.", UnknownLimit),
        new("Permit.UnknownIgnored", "Reports about and returns to unknown limits are ignored.", UnknownIgnored),
        new("Permit.PerGroup", "Where each group has a limit of its own, each has a line of its own.", PerGroup),
        new("Permit.QuotaOverReset", "What is reserved of the next day's quota leaves today's as it is: used up.", QuotaOverReset),
        new("Permit.HeldUntilReleased", "Permits of a number at once are held until they are given back, and only once.", HeldUntilReleased),
        new("Permit.HeldByAttempt", "What an attempt acquired ends with it.", HeldByAttempt),
        new("Permit.HeldByAbandoned", "What an abandoned attempt acquired is kept until it really ends.", HeldByAbandoned),
        new("Permit.HeldByNode", "What a node acquired ends with it, whether it leaves or dies.", HeldByNode),
        new("Permit.HeldNeedsNode", "A number at once is given only to a node, since its end is what frees it.", HeldNeedsNode),
        new("Permit.HeldWithJobs", "Calls and jobs share a number at once.", HeldWithJobs),
        new("Permit.RetryAfter", "An upstream's Retry-After holds everybody: calls and jobs.", RetryAfter),
        new("Permit.RetryAfterNoBurst", "After it a bucket is empty: nobody comes back in a rush.", RetryAfterNoBurst),
        new("Permit.Adaptive", "A 429 lowers an adaptive rate by 15 %, another on the way down by 25 %; one to a call sent before that lowers it no further; successes raise it.", Adaptive),
        new("Permit.AdaptiveHistory", "How the rate changed, and why, can be read.", AdaptiveHistory),
        new("Permit.FixedRateStays", "A 429 leaves a rate that is not adaptive as it is, and is counted.", FixedRateStays),
        new("Permit.HeaderRemaining", "What an upstream says is left counts when it is less than believed, and does not when it is more.", HeaderRemaining),
        new("Permit.HeaderReset", "Nothing left until a moment: nothing is given before it.", HeaderReset),
        new("Permit.HeaderQuota", "A quota learns from the upstream what is left of it.", HeaderQuota),
        new("Permit.HeaderRate", "The rate an upstream names is in force from then on.", HeaderRate),
        new("Permit.ExtraCost", "What a call cost more, or less, is charged afterwards.", ExtraCost),
        new("Permit.ExtraCostOfWindow", "In a window, what it cost more counts until it is a window old; what does not fit fills the next one.", ExtraCostOfWindow),
        new("Permit.AfterOutage", "After an outage nothing is given until what others reserved by themselves is over; once for all of them.", AfterOutage),
        new("Permit.AfterOutageOfClaims", "Claims that come back after an outage wait so too, where calls have used their limit within the last hour.", AfterOutageOfClaims),
        new("Permit.AfterOutageWithoutCalls", "A limit that only jobs use, or that calls have not used for an hour, is not held: nobody else has used it meanwhile.", AfterOutageWithoutCalls),
        new("Permit.JobsGetTheirs", "Calls that reserve ahead leave jobs their part, and jobs leave them theirs.", JobsGetTheirs),
        .. Enumerable.Range(1, Seeds).Select(static seed => new ConformanceCase(
            $"Permit.AnyWindow{seed}", "Whatever is acquired, given back and claimed, by whom and when: never more than n in any window.",
            scene => AnyWindow(scene, seed, 20.PerSecond()))),
        .. Enumerable.Range(1, Seeds).Select(static seed => new ConformanceCase(
            $"Permit.AnyWindowShape{seed}", "Nor for a limit in the shape of a window.",
            scene => AnyWindow(scene, seed, new Limit { Rate = 20.PerSecond(), Shape = LimitShape.Window }))),
        .. Enumerable.Range(1, Seeds).Select(static seed => new ConformanceCase(
            $"Permit.AnyStretch{seed}", "Whatever is acquired, given back and claimed: a bucket never gives more than b − 1 + ⌈r·t⌉ in any time t.",
            scene => AnyStretch(scene, seed))),
    ];

    private static ValueTask DeclareAsync(Scene scene, Limit limit) => scene.Store.DeclareLimitsAsync([Named("api", limit)]);

    private static async Task Spaced(Scene scene)
    {
        await DeclareAsync(scene, 8.PerSecond());
        var answer = await scene.AcquireAsync("api", 5);
        Expect.Sequence([0d, 0.125, 0.25, 0.375, 0.5], answer.Permits.Select(p => scene.Since(p.At)));
        Expect.Equal(scene.Clock.Now, answer.Now);
        Expect.Null(answer.RetryAt);
        scene.Wait(10);
        Expect.Sequence([10d, 10.125], await scene.SlotsAsync("api", 2));
    }

    private static async Task Within(Scene scene)
    {
        await DeclareAsync(scene, 8.PerSecond());
        var answer = await scene.AcquireAsync("api", 5, within: 0.3);
        Expect.Sequence([0d, 0.125, 0.25], answer.Permits.Select(p => scene.Since(p.At)));
        Expect.Equal((0.375, WaitCause.Limit), (scene.Since(answer.RetryAt), answer.Cause));
        Expect.Empty(await scene.SlotsAsync("api", 1, within: 0));
        Expect.Sequence([0.375], await scene.SlotsAsync("api", 1, within: 0.375));
    }

    private static async Task TwoSecondsAtMost(Scene scene)
    {
        await DeclareAsync(scene, 2.PerSecond());
        Expect.Sequence([0d, 0.5, 1, 1.5, 2], await scene.SlotsAsync("api", 100, within: 3600));
    }

    private static async Task OneLine(Scene scene)
    {
        await DeclareAsync(scene, 8.PerSecond());
        var other = await scene.OpenAnotherAsync();
        Expect.Sequence([0d, 0.125], await scene.SlotsAsync("api", 2));
        Expect.Sequence([0.25, 0.375], await scene.SlotsAsync("api", 2, store: other));
        Expect.Sequence([0.5], await scene.SlotsAsync("api", 1));
    }

    private static async Task Cost(Scene scene)
    {
        await DeclareAsync(scene, 8.PerSecond());
        var answer = await scene.AcquireAsync("api", 2, cost: 4);
        Expect.Sequence([0d, 0.5], answer.Permits.Select(p => scene.Since(p.At)));
        Expect.Sequence([4L, 4L], answer.Permits.Select(p => p.Cost));
        Expect.Sequence([1d], await scene.SlotsAsync("api", 1));
    }

    private static async Task LastGivenBack(Scene scene)
    {
        await DeclareAsync(scene, 8.PerSecond());
        var answer = await scene.AcquireAsync("api", 3);
        await scene.Store.ReleaseAsync([answer.Permits[2]]);
        Expect.Sequence([0.25, 0.375], await scene.SlotsAsync("api", 2));
    }

    private static async Task MiddleGivenBack(Scene scene)
    {
        await DeclareAsync(scene, 8.PerSecond());
        var answer = await scene.AcquireAsync("api", 5);
        await scene.Store.ReleaseAsync([answer.Permits[3], answer.Permits[1]]);
        Expect.Sequence([0.125, 0.375, 0.625], await scene.SlotsAsync("api", 3));
    }

    private static async Task LateGivenBack(Scene scene)
    {
        await DeclareAsync(scene, 8.PerSecond());
        var answer = await scene.AcquireAsync("api", 8);
        scene.Wait(1);
        await scene.Store.ReleaseAsync(answer.Permits);
        var after = await scene.AcquireAsync("api", 8);
        Expect.True(
            Windows.Most(after.Permits.Select(p => p.At), TimeSpan.FromSeconds(0.5)) <= 4,
            $"no rush after eight late returns; it was {string.Join(", ", after.Permits.Select(p => scene.Since(p.At)))}");
    }

    private static async Task GivenBackToJobs(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", 1.PerSecond()));
        await scene.EnqueueManyAsync(1);
        var answer = await scene.AcquireAsync("api", 1);
        Expect.Equal(1d, scene.Since((await scene.AskAsync(node)).NextDue));
        await scene.Store.ReleaseAsync(answer.Permits);
        await scene.ClaimOneAsync(node);
    }

    private static async Task UnknownLimit(Scene scene)
    {
        await DeclareAsync(scene, 8.PerSecond());
        var refused = await Expect.ThrowsAsync<ArgumentException>(async () => await scene.AcquireAsync("apy"));
        Expect.Contains("'apy'", refused.Message);
        Expect.Contains("known: api", refused.Message);
    }

    private static async Task UnknownIgnored(Scene scene)
    {
        await DeclareAsync(scene, 8.PerSecond());
        await scene.Store.ReleaseAsync([new("apy", null, 1, scene.Clock.Now), new("apy", null, 1, scene.Clock.Now, 77), new("api", null, 1, scene.Clock.Now, 78)]);
        await scene.ReportAsync(new() { Limit = "apy", Throttled = true });
        Expect.Sequence(["api"], (await scene.Store.ListLimitsAsync()).Select(l => l.Name));
    }

    private static async Task PerGroup(Scene scene)
    {
        await DeclareAsync(scene, new() { Rate = 1.PerSecond(), PerGroup = true });
        var (a, b) = (await scene.AcquireAsync("api", 2, group: "a"), await scene.AcquireAsync("api", 1, group: "b"));
        Expect.Sequence([0d, 1, 0], a.Permits.Concat(b.Permits).Select(p => scene.Since(p.At)));
        Expect.Sequence(["a", "a", "b"], a.Permits.Concat(b.Permits).Select(p => p.Group ?? ""));
        Expect.Equal((2L, 1L), ((await scene.LimitAsync("api", "a")).Granted, (await scene.LimitAsync("api", "b")).Granted));
    }

    private static async Task QuotaOverReset(Scene scene)
    {
        await DeclareAsync(scene, new() { Rate = 2.PerDay(), Resets = DailyReset.Parse("00:00") });
        scene.WaitUntil(scene.Clock.Now.AddDays(1).AddSeconds(-1.5));
        var reset = scene.Since(scene.Clock.Now.AddSeconds(1.5));
        var begin = scene.Since(scene.Clock.Now);
        Expect.Sequence([begin, begin, reset, reset], await scene.SlotsAsync("api", 9));
        Expect.Empty(await scene.SlotsAsync("api", 1));
        scene.Wait(1.6);
        Expect.Empty(await scene.SlotsAsync("api", 1));
    }

    private static async Task HeldUntilReleased(Scene scene)
    {
        var node = await scene.JoinAsync(new QueueDefinition { Name = Scene.Queue }, Named("browser", Limit.Concurrent(2)));
        var held = await scene.AcquireAsync("browser", 3, node: node);
        Expect.Equal((2, -1d), (held.Permits.Count, scene.Since(held.RetryAt)));
        Expect.Equal(0, (await scene.AcquireAsync("browser", node: node)).Permits.Count);
        await scene.Store.ReleaseAsync([held.Permits[0]]);
        await scene.Store.ReleaseAsync([held.Permits[0]]);
        Expect.Equal(1, (await scene.AcquireAsync("browser", 2, node: node)).Permits.Count);
        Expect.Equal((2L, 0L), ((await scene.LimitAsync("browser")).InUse, (await scene.LimitAsync("browser")).Available));
    }

    private static async Task<(NodeId Node, ClaimedJob Job)> RunningAsync(Scene scene)
    {
        var node = await scene.JoinAsync(new QueueDefinition { Name = Scene.Queue }, Named("browser", Limit.Concurrent(3)));
        await scene.EnqueueAsync();
        var job = await scene.ClaimOneAsync(node);
        await scene.AcquireAsync("browser", 2, node: node, attempt: job.Key);
        await scene.AcquireAsync("browser", 1, node: node);
        return (node, job);
    }

    private static async Task HeldByAttempt(Scene scene)
    {
        var (node, job) = await RunningAsync(scene);
        await scene.DoneAsync(node, scene.Retried(job));
        Expect.Equal(1L, (await scene.LimitAsync("browser")).InUse);
    }

    private static async Task HeldByAbandoned(Scene scene)
    {
        var (node, job) = await RunningAsync(scene);
        await scene.DoneAsync(node, scene.Failed(job, AttemptOutcome.TimedOut, abandoned: true));
        Expect.Equal(3L, (await scene.LimitAsync("browser")).InUse);
        await scene.Store.ReleaseAbandonedAsync(node, job.Key);
        Expect.Equal(1L, (await scene.LimitAsync("browser")).InUse);
    }

    private static async Task HeldByNode(Scene scene)
    {
        var doomed = await scene.OpenAnotherAsync();
        var joining = Flow([new() { Name = Scene.Queue }], Named("browser", Limit.Concurrent(5)));
        var (dead, leaving) = (await scene.JoinAsync(joining, doomed), await scene.JoinAsync(joining));
        await scene.AcquireAsync("browser", 3, node: dead, store: doomed);
        await scene.AcquireAsync("browser", 2, node: leaving);
        await scene.Store.LeaveAsync(leaving);
        Expect.Equal(3L, (await scene.LimitAsync("browser")).InUse);
        await scene.KillAsync(doomed);
        await scene.Store.RescueAsync();
        Expect.Equal(0L, (await scene.LimitAsync("browser")).InUse);
    }

    private static async Task HeldNeedsNode(Scene scene)
    {
        await DeclareAsync(scene, Limit.Concurrent(2));
        var refused = await Expect.ThrowsAsync<ArgumentException>(async () => await scene.AcquireAsync("api"));
        Expect.Contains("'api'", refused.Message);
        Expect.Equal(0L, (await scene.LimitAsync("api")).InUse);
    }

    private static async Task HeldWithJobs(Scene scene)
    {
        var node = await scene.JoinAsync(Using("browser"), Named("browser", Limit.Concurrent(2)));
        await scene.EnqueueManyAsync(2);
        var held = await scene.AcquireAsync("browser", node: node);
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count);
        Expect.Equal(0, (await scene.AcquireAsync("browser", node: node)).Permits.Count);
        await scene.Store.ReleaseAsync(held.Permits);
        Expect.Equal(1, (await scene.ClaimAsync(node)).Count);
    }

    private static async Task RetryAfter(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", 8.PerSecond()));
        await scene.EnqueueManyAsync(1);
        await scene.ReportAsync(new() { Limit = "api", Throttled = true, RetryAfter = TimeSpan.FromSeconds(30) });
        var call = await scene.AcquireAsync("api");
        Expect.Equal((0, 30d), (call.Permits.Count, scene.Since(call.RetryAt)));
        var answer = await scene.AskAsync(node);
        Expect.Equal((0, 30d), (answer.Jobs.Count, scene.Since(answer.NextDue)));
        Expect.Equal((30d, 0L), (scene.Since((await scene.LimitAsync("api")).HeldUntil), (await scene.LimitAsync("api")).Available));
        scene.Wait(30);
        await scene.ClaimOneAsync(node);
        Expect.Sequence([30.125], await scene.SlotsAsync("api", 1));
        Expect.Null((await scene.LimitAsync("api")).HeldUntil);
    }

    private static async Task RetryAfterNoBurst(Scene scene)
    {
        await DeclareAsync(scene, new() { Rate = 2.PerSecond(), Burst = 10 });
        await scene.ReportAsync(new() { Limit = "api", Throttled = true, RetryAfter = TimeSpan.FromSeconds(30) });
        scene.Wait(30);
        Expect.Sequence([30d, 30.5, 31], await scene.SlotsAsync("api", 3));
    }

    private static async Task Adaptive(Scene scene)
    {
        await DeclareAsync(scene, new() { Rate = 10.PerSecond(), Adaptive = true });
        scene.Wait(1);
        var sent = scene.Clock.Now;
        scene.Wait(1);
        await scene.ReportAsync(new() { Limit = "api", Throttled = true, SentAt = sent });
        Expect.Equal((8.5, 0.85), ((await scene.LimitAsync("api")).PerSecond ?? 0, (await scene.LimitAsync("api")).Factor));
        scene.Wait(1);
        await scene.ReportAsync(new() { Limit = "api", Throttled = true, SentAt = sent });
        Expect.Equal((0.85, 2L), ((await scene.LimitAsync("api")).Factor, (await scene.LimitAsync("api")).Throttles));
        await scene.ReportAsync(new() { Limit = "api", Throttled = true, SentAt = scene.Clock.Now });
        var low = (await scene.LimitAsync("api")).Factor;
        Expect.True(Math.Abs(low - (0.85 * 0.75)) < 1e-9, $"a factor of 0.85 · 0.75; it was {low}");
        await scene.ReportAsync(new() { Limit = "api", Succeeded = 100 });
        var risen = (await scene.LimitAsync("api")).Factor;
        Expect.True(risen > low && risen < 1, $"a factor between {low} and 1 after 100 successes; it was {risen}");
        await scene.ReportAsync(new() { Limit = "api", Succeeded = 10_000 });
        Expect.Equal(1d, (await scene.LimitAsync("api")).Factor);
    }

    private static async Task AdaptiveHistory(Scene scene)
    {
        await DeclareAsync(scene, new() { Rate = 10.PerSecond(), Adaptive = true });
        scene.Wait(1);
        await scene.ReportAsync(new() { Limit = "api", Throttled = true });
        scene.Wait(1);
        await scene.ReportAsync(new() { Limit = "api", Succeeded = 10_000 });
        scene.Wait(1);
        await scene.Store.ChangeLimitAsync("api", new() { Rate = 5.PerSecond(), Adaptive = true });
        Expect.Sequence(
            [(1d, 8.5, LimitChangeCause.Throttled), (2d, 10d, LimitChangeCause.Climbed), (3d, 5d, LimitChangeCause.Operator)],
            (await scene.LimitAsync("api")).History.Select(m => (scene.Since(m.At), m.PerSecond, m.Cause)));
    }

    private static async Task FixedRateStays(Scene scene)
    {
        await DeclareAsync(scene, 10.PerSecond());
        await scene.ReportAsync(new() { Limit = "api", Throttled = true });
        var limit = await scene.LimitAsync("api");
        Expect.Equal((10d, 1d, 1L), (limit.PerSecond ?? 0, limit.Factor, limit.Throttles));
        Expect.Sequence([0d, 0.1], await scene.SlotsAsync("api", 2));
    }

    private static async Task HeaderRemaining(Scene scene)
    {
        await DeclareAsync(scene, new() { Rate = 2.PerSecond(), Burst = 10 });
        await scene.ReportAsync(new() { Limit = "api", Remaining = 2 });
        Expect.Equal(2L, (await scene.LimitAsync("api")).Available);
        await scene.ReportAsync(new() { Limit = "api", Remaining = 9 });
        Expect.Sequence([0d, 0, 0.5, 1], await scene.SlotsAsync("api", 4));
    }

    private static async Task HeaderReset(Scene scene)
    {
        await DeclareAsync(scene, 8.PerSecond());
        await scene.ReportAsync(new() { Limit = "api", Remaining = 0, ResetIn = TimeSpan.FromSeconds(20) });
        Expect.Equal(20d, scene.Since((await scene.AcquireAsync("api")).RetryAt));
        scene.Wait(20);
        Expect.Sequence([20d, 20.125], await scene.SlotsAsync("api", 2));
    }

    private static async Task HeaderQuota(Scene scene)
    {
        await DeclareAsync(scene, new() { Rate = 100.PerDay(), Resets = DailyReset.Parse("00:00") });
        await scene.ReportAsync(new() { Limit = "api", Remaining = 3 });
        await scene.ReportAsync(new() { Limit = "api", Remaining = 80 });
        var answer = await scene.AcquireAsync("api", 9);
        Expect.Equal((3, 86_400d), (answer.Permits.Count, scene.Since(answer.RetryAt)));
    }

    private static async Task HeaderRate(Scene scene)
    {
        await DeclareAsync(scene, 8.PerSecond());
        await scene.ReportAsync(new() { Limit = "api", PerSecond = 2 });
        Expect.Sequence([0d, 0.5, 1], await scene.SlotsAsync("api", 3));
        var limit = await scene.LimitAsync("api");
        Expect.Equal((2d, LimitChangeCause.Header), (limit.PerSecond ?? 0, limit.History[^1].Cause));
    }

    private static async Task ExtraCost(Scene scene)
    {
        await DeclareAsync(scene, new() { Rate = 10.PerSecond(), Burst = 10 });
        await scene.AcquireAsync("api", cost: 5);
        await scene.ReportAsync(new() { Limit = "api", ExtraCost = 4 });
        Expect.Equal(1L, (await scene.LimitAsync("api")).Available);
        await scene.ReportAsync(new() { Limit = "api", ExtraCost = -3 });
        Expect.Equal(4L, (await scene.LimitAsync("api")).Available);
    }

    private static async Task ExtraCostOfWindow(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", new() { Rate = 10.PerSecond(), Shape = LimitShape.Window }));
        await scene.AcquireAsync("api", cost: 5);
        scene.Wait(0.5);
        await scene.ReportAsync(new() { Limit = "api", ExtraCost = 4 });
        Expect.Equal(1L, (await scene.LimitAsync("api")).Available);
        await scene.EnqueueManyAsync(2);
        await scene.ClaimOneAsync(node);
        Expect.Equal((0, 1d), await scene.AskAsync(node) is var full ? (full.Jobs.Count, scene.Since(full.NextDue)) : default);
        scene.Wait(0.5);
        Expect.Equal(5L, (await scene.LimitAsync("api")).Available);
        await scene.ReportAsync(new() { Limit = "api", ExtraCost = 15 });
        var answer = await scene.AskAsync(node);
        Expect.Empty(answer.Jobs);
        Expect.Equal(0L, (await scene.LimitAsync("api")).Available);
        scene.WaitUntil(answer.NextDue!.Value);
        await scene.ClaimOneAsync(node);
        Expect.True(scene.Since(scene.Clock.Now) >= 2, $"nothing before the fifteen are paid off; a job was given at {scene.Since(scene.Clock.Now)} s");
    }

    private static async Task AfterOutage(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", 8.PerSecond()));
        await scene.EnqueueManyAsync(1);
        scene.Wait(60);
        var request = new PermitRequest { Limit = "api", StoreAwaySince = scene.Clock.Now.AddSeconds(-10) };
        Expect.Sequence([62d], (await scene.Store.AcquireAsync(request)).Permits.Select(p => scene.Since(p.At)));
        Expect.Equal(0, (await scene.AskAsync(node)).Jobs.Count);
        scene.Wait(1);
        await scene.Store.AcquireAsync(request);
        Expect.Equal(62d, scene.Since((await scene.LimitAsync("api")).HeldUntil));
        scene.Wait(2);
        await scene.ClaimOneAsync(node);
    }

    private static ValueTask<ClaimResult> ClaimAfterOutageAsync(Scene scene, NodeId node) =>
        scene.Store.ClaimAsync(scene.Request(node, 1) with { StoreAwaySince = scene.Clock.Now.AddSeconds(-10) });

    private static async Task AfterOutageOfClaims(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", 8.PerSecond()));
        await scene.EnqueueManyAsync(2);
        await scene.AcquireAsync("api");
        scene.Wait(3600);
        var answer = await ClaimAfterOutageAsync(scene, node);
        Expect.Equal((0, 3602d), (answer.Jobs.Count, scene.Since(answer.NextDue)));
        scene.Wait(1);
        Expect.Equal((0, 3602d), await ClaimAfterOutageAsync(scene, node) is var second ? (second.Jobs.Count, scene.Since(second.NextDue)) : default, "what is said for the same outage twice");
        Expect.Equal(3602d, scene.Since((await scene.LimitAsync("api")).HeldUntil));
        scene.Wait(1);
        await scene.ClaimOneAsync(node);
    }

    private static async Task AfterOutageWithoutCalls(Scene scene)
    {
        var node = await scene.JoinAsync(Using("jobs", "old"), Named("jobs", 8.PerSecond()), Named("old", 8.PerSecond()));
        await scene.EnqueueManyAsync(2);
        await scene.AcquireAsync("old");
        scene.Wait(1);
        await scene.ClaimOneAsync(node);
        scene.Wait(3610);
        Expect.Equal(1, (await ClaimAfterOutageAsync(scene, node)).Jobs.Count);
        Expect.Null((await scene.LimitAsync("jobs")).HeldUntil);
        Expect.Null((await scene.LimitAsync("old")).HeldUntil);
    }

    /// <summary>Callers take whatever is to be had two seconds ahead while jobs wait all the time.</summary>
    private static async Task JobsGetTheirs(Scene scene)
    {
        var node = await scene.JoinAsync(Using("api"), Named("api", 20.PerSecond()));
        await scene.EnqueueManyAsync(400);
        var (calls, jobs) = (new List<DateTimeOffset>(), new List<DateTimeOffset>());
        while (scene.Since(scene.Clock.Now) < 20)
        {
            var answer = await scene.AskAsync(node);
            jobs.AddRange(answer.Jobs.Select(_ => scene.Clock.Now));
            calls.AddRange((await scene.AcquireAsync("api", 3)).Permits.Select(p => p.At));
            scene.WaitUntil(answer.NextDue is { } due && due < scene.Clock.Now.AddSeconds(0.05) ? due : scene.Clock.Now.AddSeconds(0.05));
        }
        Expect.True(jobs.Count >= 80, $"a fifth of the limit for the jobs; {jobs.Count} of 400 permits were theirs");
        Expect.True(calls.Count >= 80, $"a fifth of the limit for the calls; {calls.Count} of 400 permits were theirs");
        Expect.True(calls.Count + jobs.Count >= 396, $"99 % of 20/s used over 20 s; {calls.Count + jobs.Count} of 400 permits were");
        Expect.True(Windows.Most(calls.Concat(jobs), TimeSpan.FromSeconds(1)) <= 20, "at most 20 in any second");
    }

    /// <summary>Random callers, some of whom give back, beside jobs that are claimed when they are due.</summary>
    private static async Task<List<DateTimeOffset>> UseAtRandomAsync(Scene scene, int seed, Limit limit)
    {
        var random = new Random(seed);
        var node = await scene.JoinAsync(Using("api"), Named("api", limit));
        await scene.EnqueueManyAsync(500);
        var (used, reserved) = (new List<DateTimeOffset>(), new List<Permit>());
        for (var i = 0; i < 500; i++)
        {
            var answer = await scene.AskAsync(node, random.Next(1, 3));
            used.AddRange(answer.Jobs.Select(_ => scene.Clock.Now));
            if (random.Next(2) == 0)
            {
                reserved.AddRange((await scene.AcquireAsync("api", random.Next(1, 5), within: random.NextDouble() * 2)).Permits);
            }
            if (random.Next(4) == 0)
            {
                var back = reserved.Where(p => p.At >= scene.Clock.Now && random.Next(3) == 0).ToList();
                await scene.Store.ReleaseAsync(back);
                reserved.RemoveAll(back.Contains);
            }
            var next = scene.Clock.Now.AddSeconds(random.Next(30) == 0 ? random.NextDouble() : 0.04 * random.NextDouble());
            scene.WaitUntil(answer.NextDue is { } due && due < next && due > scene.Clock.Now ? due : next);
        }
        return [.. used, .. reserved.Select(p => p.At)];
    }

    private static async Task AnyWindow(Scene scene, int seed, Limit limit)
    {
        var used = await UseAtRandomAsync(scene, seed, limit);
        Expect.True(used.Count > 60, $"more than sixty to be given; {used.Count} were");
        // What was reserved counts at its slot, and may be used up to 50 ms later.
        Expect.True(Windows.Most(used, TimeSpan.FromSeconds(0.95)) <= 20, $"at most 20 in any second; there were {Windows.Most(used, TimeSpan.FromSeconds(0.95))}");
    }

    private static async Task AnyStretch(Scene scene, int seed)
    {
        var used = await UseAtRandomAsync(scene, seed, new() { Rate = 20.PerSecond(), Burst = 3 });
        Expect.True(used.Count > 60, $"more than sixty to be given; {used.Count} were");
        Expect.True(Windows.MostBeyond(used, 3, 20.PerSecond()) <= 0, $"no stretch beyond its bound; the worst was {Windows.MostBeyond(used, 3, 20.PerSecond())} beyond");
    }
}
