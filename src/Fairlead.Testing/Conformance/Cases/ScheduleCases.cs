using Fairlead.Policies;
using Fairlead.Schedules;
using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>Schedules as documents of the store, and the rounds that start with their changes.</summary>
internal static class ScheduleCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        new("Schedule.Declared", "A schedule that a node declares is listed as its rule says, served, whoever asks.", Declared),
        new("Schedule.ByName", "Schedules are listed by name, all that were ever declared.", ByName),
        new("Schedule.KeepsDefinition", "Every word of a definition comes back.", KeepsDefinition),
        new("Schedule.KeepsState", "Every word of a state comes back.", KeepsState),
        new("Schedule.SameAgain", "Declaring the same again changes nothing.", SameAgain),
        new("Schedule.MergeKeeps", "A changed job keeps the operator's pause, the open rounds and the next time.", MergeKeeps),
        new("Schedule.ChangedTimes", "A changed rule counts anew, and keeps the pause and the open rounds.", ChangedTimes),
        new("Schedule.Unserved", "Without a live node that declares it, it is kept and not served; declared again, it goes on.", Unserved),
        new("Schedule.SilentNode", "A node without its lease serves none and declares none.", SilentNode),
        new("Schedule.OthersHold", "Another definition while a live node holds the first is refused by both names, and nothing is changed.", OthersHold),
        new("Schedule.LetsGo", "What nobody else declares any more may be declared otherwise.", LetsGo),
        new("Schedule.Round", "A written round is a job of its time, open in the state, and its claim knows the time.", Round),
        new("Schedule.ByHand", "A round without an earliest time is started at once, and known as started by hand.", ByHand),
        new("Schedule.Conflict", "A write on an old revision changes nothing, enqueues nothing, and says what stands.", Conflict),
        new("Schedule.Early", "A round before its time by the store's clock is refused, and nothing is changed.", Early),
        new("Schedule.BothOrNeither", "A round that cannot be enqueued leaves the state as it was.", BothOrNeither),
        new("Schedule.HeldKey", "A round whose unique key is held is left out and counted, and its holder is waited for.", HeldKey),
        new("Schedule.TwoWriters", "Of many that start one round at once exactly one does, and there is one job.", TwoWriters),
        new("Schedule.Survives", "A schedule outlives the process that declared it and wrote it.", Survives),
        new("Schedule.Unknown", "To write a schedule that nobody declared is an error that names it.", Unknown),
        new("Schedule.Signals", "Listeners hear of declarations and writes.", Signals),
    ];

    private static readonly ScheduleDefinition Hourly = new() { Name = "sync", When = new FixedRate(TimeSpan.FromHours(1)), Round = Job(kind: "sync") };

    private static NodeRegistration Declaring(params ScheduleDefinition[] schedules) =>
        Registration(null, Kind, new("sync")) with { Schedules = schedules, Lease = TimeSpan.FromDays(400) };

    private static ValueTask<NodeId> JoinAsync(Scene scene, params ScheduleDefinition[] schedules) => scene.JoinAsync(Declaring(schedules));

    private static async ValueTask<ScheduleRecord> FindAsync(Scene scene, string name = "sync", IJobStore? store = null) =>
        Expect.NotNull((await (store ?? scene.Store).ListSchedulesAsync()).SingleOrDefault(record => record.Definition.Name == name), $"schedule '{name}'");

    /// <summary>What a ticker writes for the round that is due next.</summary>
    private static ScheduleWrite NextRound(ScheduleRecord record, DateTimeOffset now) =>
        Write(record, ScheduleRules.Next(record.Definition, record.State, now) ?? throw new ConformanceFailure("Expected a round to be due; none is."));

    private static ScheduleWrite Write(ScheduleRecord record, ScheduleStep step) => Write(record, step.State) with { Start = step.Start };

    private static ScheduleWrite Write(ScheduleRecord record, ScheduleState state) =>
        new() { Name = record.Definition.Name, Revision = record.Revision, State = state };

    private static async ValueTask<ScheduleWriteResult> WrittenAsync(Scene scene, ScheduleWrite write)
    {
        var result = await scene.Store.WriteScheduleAsync(write);
        Expect.Equal((ScheduleWriteOutcome.Written, scene.Clock.Now), (result.Outcome, result.Now));
        Expect.True(result.Current.Revision > write.Revision, "the revision to grow");
        await ExpectStandsAsync(scene, result.Current);
        return result;
    }

    private static async ValueTask<JobId> StartRoundAsync(Scene scene) =>
        (await WrittenAsync(scene, NextRound(await FindAsync(scene), scene.Clock.Now))).Round ?? throw new ConformanceFailure("Expected a round to be started; none was.");

    private static async Task ExpectStandsAsync(Scene scene, ScheduleRecord expected, IJobStore? store = null) =>
        Expect.Equal(Shown(expected), Shown(await FindAsync(scene, expected.Definition.Name, store)), "the schedule as it stands");

    private static string Shown(ScheduleRecord record) =>
        $"{ScheduleJson.Write(record.Definition)} {ScheduleJson.Write(record.State)} revision {record.Revision}, served: {record.IsServed}";

    private static async Task Declared(Scene scene)
    {
        Expect.Empty(await scene.Store.ListSchedulesAsync());
        await JoinAsync(scene, Hourly with { Jitter = TimeSpan.FromMinutes(5) });
        var record = await FindAsync(scene);
        var due = scene.Clock.Now;
        Expect.Equal((due, due, due + ScheduleRules.JitterOf(record.Definition, due)), (record.State.Since, record.State.NextDue, record.State.NextAt));
        Expect.Equal((true, true), (record.IsServed, record.Revision > 0));
        Expect.Empty(record.State.Open);
        await ExpectStandsAsync(scene, record, await scene.OpenAnotherAsync());
    }

    private static async Task ByName(Scene scene)
    {
        var node = await JoinAsync(scene, Hourly with { Name = "b" }, Hourly with { Name = "a" });
        await scene.Store.DeclareAsync(node, Declaring(Hourly with { Name = "B" }));
        Expect.Sequence([("B", true), ("a", false), ("b", false)], (await scene.Store.ListSchedulesAsync()).Select(record => (record.Definition.Name, record.IsServed)));
    }

    private static async Task KeepsDefinition(Scene scene)
    {
        var whole = new ScheduleDefinition
        {
            Name = "every word",
            When = Hourly.When,
            Round = Job(priority: 7, group: "g", payload: "{\"ü\":[1]}") with
            {
                Timeout = TimeSpan.FromSeconds(90), Deadline = TimeSpan.FromHours(2), Retries = 4, Then = new("next", new("n", 2)), Delay = TimeSpan.FromSeconds(3),
            },
            Overlap = ScheduleOverlap.Queue,
            Misfire = ScheduleMisfire.All,
            MisfireCap = 7,
            Jitter = TimeSpan.FromSeconds(30),
            Enabled = false,
            Cycle = new() { Source = "file accounts.jsonl", Key = "/account", QueuesFrom = "/workers", Queues = ["a", "b"], MaxGroups = 5, Overlap = ScheduleOverlap.Replace, Order = CycleOrder.Listed, Sequential = true },
        };
        Recurrence[] rules = [new FixedRate(TimeSpan.FromSeconds(1.5)), new FixedDelay(TimeSpan.FromSeconds(2))];
        await JoinAsync(scene, [.. rules.Select(rule => whole with { Name = rule.ToString(), When = rule })]);
        foreach (var rule in rules)
        {
            var kept = (await FindAsync(scene, rule.ToString())).Definition;
            Expect.Equal(ScheduleJson.Write(whole with { Name = rule.ToString(), When = rule }), ScheduleJson.Write(kept));
            Expect.Equal((rule, "{\"ü\":[1]}"), (kept.When, Text(kept.Round.Payload)));
        }
    }

    private static async Task KeepsState(Scene scene)
    {
        await JoinAsync(scene, Hourly);
        var record = await FindAsync(scene);
        var now = scene.Clock.Now.AddTicks(1234567);
        var whole = new ScheduleState
        {
            Since = now.AddDays(-3),
            NextDue = now,
            NextAt = now.AddSeconds(1),
            Paused = false,
            Open = [new(now.AddHours(-1), new(4711), now.AddMinutes(-59)) { ByHand = true }],
            Waiting = [now.AddMinutes(-1), now],
            Past = [new(now.AddHours(-2), new(4710), now.AddHours(-2)) { EndedAt = now, Status = JobStatus.Failed }, new(now.AddHours(-3), null, now)],
            Started = 17,
            Skipped = 3,
            Missed = long.MaxValue,
        };
        var result = await WrittenAsync(scene, Write(record, whole));
        Expect.Null(result.Round);
        Expect.Equal(ScheduleJson.Write(whole), ScheduleJson.Write((await FindAsync(scene)).State));
        await WrittenAsync(scene, Write(result.Current, new ScheduleState { Since = now }));
    }

    private static async Task SameAgain(Scene scene)
    {
        var node = await JoinAsync(scene, Hourly);
        await StartRoundAsync(scene);
        var before = await FindAsync(scene);
        scene.Wait(7200);
        await scene.Store.DeclareAsync(node, Declaring(Hourly));
        await scene.JoinAsync(Declaring(Hourly), await scene.OpenAnotherAsync());
        await ExpectStandsAsync(scene, before);
    }

    private static async Task<(NodeId Node, ScheduleRecord Before, JobId Round)> PausedWithRoundAsync(Scene scene)
    {
        var node = await JoinAsync(scene, Hourly);
        var round = await StartRoundAsync(scene);
        var record = await FindAsync(scene);
        return (node, (await WrittenAsync(scene, Write(record, ScheduleRules.Pause(record.State)))).Current, round);
    }

    private static async Task MergeKeeps(Scene scene)
    {
        var (node, before, round) = await PausedWithRoundAsync(scene);
        scene.Wait(600);
        await scene.Store.DeclareAsync(node, Declaring(Hourly with { Round = Job("elsewhere"), Overlap = ScheduleOverlap.Allow }));
        var after = await FindAsync(scene);
        Expect.Equal(ScheduleJson.Write(before.State), ScheduleJson.Write(after.State));
        Expect.Equal((true, round), (after.State.Paused, after.State.Open.Single().Job));
        Expect.Equal(("elsewhere", ScheduleOverlap.Allow), (after.Definition.Round.Queue, after.Definition.Overlap));
        Expect.True(after.Revision > before.Revision, "the revision to grow: a write that was read before must be refused");
    }

    private static async Task ChangedTimes(Scene scene)
    {
        var (node, before, round) = await PausedWithRoundAsync(scene);
        scene.Wait(600);
        await scene.Store.DeclareAsync(node, Declaring(Hourly with { When = new FixedRate(TimeSpan.FromMinutes(7)) }));
        var after = await FindAsync(scene);
        Expect.Equal((3600d, 840d), (scene.Since(before.State.NextDue), scene.Since(after.State.NextDue)));
        Expect.Equal((true, round, 1L), (after.State.Paused, after.State.Open.Single().Job, after.State.Started));
    }

    private static async Task Unserved(Scene scene)
    {
        var node = await JoinAsync(scene, Hourly);
        await StartRoundAsync(scene);
        var before = await FindAsync(scene);
        await scene.Store.DeclareAsync(node, Declaring());
        await ExpectStandsAsync(scene, before with { IsServed = false });
        await scene.Store.DeclareAsync(node, Declaring(Hourly));
        await ExpectStandsAsync(scene, before);
        await scene.Store.LeaveAsync(node);
        await ExpectStandsAsync(scene, before with { IsServed = false });
        scene.Wait(86_400);
        await JoinAsync(scene, Hourly);
        await ExpectStandsAsync(scene, before);
    }

    private static async Task SilentNode(Scene scene)
    {
        var store = await scene.OpenAnotherAsync();
        var node = await scene.JoinAsync(Declaring(Hourly), store);
        Expect.True((await FindAsync(scene)).IsServed, "it to be served while its node lives");
        await scene.Store.LeaveAsync(node);
        await scene.Store.DeclareAsync(node, Declaring(Hourly with { Name = "never" }));
        Expect.Sequence([("sync", false)], (await scene.Store.ListSchedulesAsync()).Select(record => (record.Definition.Name, record.IsServed)));
        var killed = await scene.OpenAnotherAsync();
        await scene.JoinAsync(Declaring(Hourly), killed);
        await scene.KillAsync(killed);
        await scene.Store.RescueAsync();
        Expect.True(!(await FindAsync(scene)).IsServed, "it not to be served by a dead node");
    }

    private static async Task OthersHold(Scene scene)
    {
        await scene.JoinAsync(Declaring(Hourly) with { Name = "holder" });
        var before = await FindAsync(scene);
        var second = await scene.OpenAnotherAsync();
        var other = Hourly with { When = new FixedDelay(TimeSpan.FromMinutes(23)) };
        var refused = await Expect.ThrowsAsync<StoreMismatchException>(async () => await scene.JoinAsync(Declaring(other, Hourly with { Name = "new" }), second));
        ExpectNamesBoth(refused.Message);
        var node = await scene.JoinAsync(Declaring(), second);
        refused = await Expect.ThrowsAsync<StoreMismatchException>(async () => await second.DeclareAsync(node, Declaring(Hourly with { Name = "new" }, other) with { Slots = 7 }));
        ExpectNamesBoth(refused.Message);
        Expect.Equal(1, (await scene.Store.ListSchedulesAsync()).Count);
        await ExpectStandsAsync(scene, before);
        Expect.Equal(100, (await scene.Store.ListNodesAsync()).Single(info => info.Id == node).Slots);
    }

    private static void ExpectNamesBoth(string message)
    {
        foreach (var part in new[] { "'sync'", "holder", "01:00:00", "00:23:00" })
        {
            Expect.Contains(part, message);
        }
    }

    private static async Task LetsGo(Scene scene)
    {
        var first = await JoinAsync(scene, Hourly);
        await scene.Store.DeclareAsync(first, Declaring());
        var second = await scene.OpenAnotherAsync();
        var other = Hourly with { MisfireCap = 3 };
        await scene.JoinAsync(Declaring(other), second);
        Expect.Equal(3, (await FindAsync(scene)).Definition.MisfireCap);
        await Expect.ThrowsAsync<StoreMismatchException>(async () => await scene.Store.DeclareAsync(first, Declaring(Hourly)));
        await scene.KillAsync(second);
        await scene.Store.RescueAsync();
        await scene.Store.DeclareAsync(first, Declaring(Hourly));
        Expect.Equal(100, (await FindAsync(scene)).Definition.MisfireCap);
    }

    private static async Task Round(Scene scene)
    {
        var node = await JoinAsync(scene, Hourly);
        var due = scene.Clock.Now;
        scene.Wait(5);
        var id = await StartRoundAsync(scene);
        var job = await scene.GetAsync(id);
        Expect.Equal((due, JobStatus.Queued, "sync", Queue), (job.ScheduledFor, job.Status, job.Kind.Name, job.Queue));
        Expect.Equal(ScheduleRules.RoundKey("sync"), job.UniqueKey);
        var state = (await FindAsync(scene)).State;
        Expect.Sequence([new ScheduleRound(due, id, scene.Clock.Now)], state.Open);
        Expect.Equal((1L, 0L, due.AddHours(1)), (state.Started, state.Skipped, state.NextDue));
        var claimed = (await scene.Store.ClaimAsync(scene.Request(node, kinds: new JobKind("sync")))).Jobs.Single();
        Expect.Equal((id, due), (claimed.Key.Job, claimed.ScheduledFor));
    }

    private static async Task ByHand(Scene scene)
    {
        await JoinAsync(scene, Hourly with { Enabled = false });
        var record = await FindAsync(scene);
        var result = await WrittenAsync(scene, Write(record, ScheduleRules.Triggered(record.Definition, record.State, scene.Clock.Now)!));
        Expect.Equal(true, result.Current.State.Open.Single(round => round.Job == result.Round).ByHand);
        await scene.ExpectStatusAsync(result.Round!.Value, JobStatus.Queued);
    }

    private static async Task Conflict(Scene scene)
    {
        await JoinAsync(scene, Hourly);
        var old = await FindAsync(scene);
        var current = (await WrittenAsync(scene, Write(old, ScheduleRules.Pause(old.State)))).Current;
        foreach (var write in new[] { NextRound(old, scene.Clock.Now), Write(old, old.State), NextRound(old, scene.Clock.Now) with { Revision = current.Revision + 1 } })
        {
            var refused = await scene.Store.WriteScheduleAsync(write);
            Expect.Equal((ScheduleWriteOutcome.Conflict, scene.Clock.Now), (refused.Outcome, refused.Now));
            Expect.Null(refused.Round);
            Expect.Equal(Shown(current), Shown(refused.Current));
        }
        await ExpectStandsAsync(scene, current);
        Expect.Empty(await scene.AllAsync());
    }

    private static async Task Early(Scene scene)
    {
        await JoinAsync(scene, Hourly with { Overlap = ScheduleOverlap.Allow });
        await StartRoundAsync(scene);
        var record = await FindAsync(scene);
        // A node whose clock is ahead.
        var write = NextRound(record, scene.Clock.Now.AddHours(1));
        scene.Wait(3599);
        var refused = await scene.Store.WriteScheduleAsync(write);
        Expect.Equal((ScheduleWriteOutcome.Early, scene.Clock.Now), (refused.Outcome, refused.Now));
        Expect.Null(refused.Round);
        Expect.Equal(Shown(record), Shown(refused.Current));
        await ExpectStandsAsync(scene, record);
        Expect.Equal(1, (await scene.AllAsync()).Count);
        scene.Wait(1);
        await WrittenAsync(scene, write);
        Expect.Equal(2, (await scene.AllAsync()).Count);
    }

    private static async Task BothOrNeither(Scene scene)
    {
        await JoinAsync(scene, Hourly);
        var before = await FindAsync(scene);
        var write = NextRound(before, scene.Clock.Now);
        await Expect.ThrowsAsync<ArgumentException>(async () =>
            await scene.Store.WriteScheduleAsync(write with { Start = write.Start! with { Job = write.Start.Job with { After = [new(4711)] } } }));
        await ExpectStandsAsync(scene, before);
        Expect.Empty(await scene.AllAsync());
    }

    private static async Task HeldKey(Scene scene)
    {
        await JoinAsync(scene, Hourly);
        var holder = await scene.EnqueueAsync(Job(key: ScheduleRules.RoundKey("sync")));
        var result = await WrittenAsync(scene, NextRound(await FindAsync(scene), scene.Clock.Now));
        Expect.Null(result.Round);
        var state = result.Current.State;
        Expect.Equal((0L, 1L, holder, 3600d), (state.Started, state.Skipped, state.Open.Single().Job, scene.Since(state.NextDue)));
        Expect.Null(state.Past.Single().Job);
        Expect.Equal(1, (await scene.AllAsync()).Count);
    }

    private static async Task TwoWriters(Scene scene)
    {
        await JoinAsync(scene, Hourly with { Overlap = ScheduleOverlap.Allow });
        var other = await scene.OpenAnotherAsync();
        for (var round = 1; round <= 5; round++)
        {
            var write = NextRound(await FindAsync(scene), scene.Clock.Now);
            var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? scene.Store : other).WriteScheduleAsync(write).AsTask()));
            Expect.Sequence([ScheduleWriteOutcome.Written], results.Select(result => result.Outcome).Where(outcome => outcome != ScheduleWriteOutcome.Conflict));
            Expect.Equal(round, (await scene.AllAsync()).Count);
            Expect.Equal((long)round, (await FindAsync(scene)).State.Started);
            scene.Wait(3600);
        }
    }

    private static async Task Survives(Scene scene)
    {
        var doomed = await scene.OpenAnotherAsync();
        await scene.JoinAsync(Declaring(Hourly), doomed);
        var result = await doomed.WriteScheduleAsync(NextRound(await FindAsync(scene, store: doomed), scene.Clock.Now));
        await scene.KillAsync(doomed);
        await scene.Store.RescueAsync();
        var later = await scene.OpenAnotherAsync();
        await ExpectStandsAsync(scene, result.Current with { IsServed = false }, later);
        await scene.ExpectStatusAsync(result.Round!.Value, JobStatus.Queued);
        await scene.JoinAsync(Declaring(Hourly), later);
        await ExpectStandsAsync(scene, result.Current, later);
    }

    private static async Task Unknown(Scene scene)
    {
        await JoinAsync(scene, Hourly);
        var record = await FindAsync(scene);
        var refused = await Expect.ThrowsAsync<ArgumentException>(async () => await scene.Store.WriteScheduleAsync(NextRound(record, scene.Clock.Now) with { Name = "nowhere" }));
        Expect.Contains("'nowhere'", refused.Message);
        Expect.Empty(await scene.AllAsync());
    }

    private static async Task Signals(Scene scene)
    {
        NodeId node = default;
        await scene.HearAsync(StoreSignals.Schedules, async () => node = await JoinAsync(scene, Hourly));
        await scene.HearAsync(StoreSignals.Schedules, async () => await scene.Store.DeclareAsync(node, Declaring(Hourly with { MisfireCap = 3 })));
        await scene.HearAsync(StoreSignals.Schedules | StoreSignals.Work, async () => await StartRoundAsync(scene));
        var record = await FindAsync(scene);
        await scene.HearAsync(StoreSignals.Schedules, async () => await WrittenAsync(scene, Write(record, ScheduleRules.Pause(record.State))));
    }
}
