using Fairlead.Storage;
using static Fairlead.Testing.Conformance.Scene;

namespace Fairlead.Testing.Conformance.Cases;

/// <summary>Whose turn it is: groups share by time.</summary>
internal static class FairnessCases
{
    private const int Seeds = 4;

    public static IEnumerable<ConformanceCase> All =>
    [
        new("Fair.TakesTurns", "Groups of equal jobs take turns, whatever stood in line first.", TakesTurns),
        new("Fair.ByTime", "A group with jobs ten times as long gets a tenth of the starts and half of the time.", ByTime),
        new("Fair.ByWeight", "Weights 1:2:4 are shares of time.", ByWeight),
        new("Fair.Newcomer", "The first job of a new group is the next to be given, however many of another wait.", Newcomer),
        new("Fair.DueNewcomer", "So is a scheduled job of a group without other work, in the very claim that finds it due.", DueNewcomer),
        new("Fair.NewcomerAfterOverestimate", "So it is when the other's jobs took much less than was charged for them at first.", NewcomerAfterOverestimate),
        new("Fair.NothingSavedUp", "A group that had no work gets no more for that when it has some again.", NothingSavedUp),
        new("Fair.NothingSavedUpWhilePaused", "Nor does one that was paused.", NothingSavedUpWhilePaused),
        new("Fair.CorrectedAtEnd", "What was charged is corrected to what the attempt took: the next turn is the group's that had less.", CorrectedAtEnd),
        new("Fair.OverrunCharged", "A running attempt is charged for what exceeds its estimate at each heartbeat: hung work is not free.", OverrunCharged),
        new("Fair.GivenBackIsFree", "A job that was given back at once costs its group nothing.", GivenBackIsFree),
        new("Fair.AloneUntouched", "Jobs without a group, alone in their queue, come by priority and age, and nothing is charged.", AloneUntouched),
        new("Fair.UngroupedIsOneGroup", "Beside groups, the jobs without one are one group.", UngroupedIsOneGroup),
        new("Fair.InOneClaim", "One claim of many is as fair as many claims of one.", InOneClaim),
        .. Enumerable.Range(1, Seeds).Select(static seed => new ConformanceCase(
            $"Fair.Bound{seed}", "In any interval in which two groups have work waiting, their service per weight differs by at most (D + 1)·(c_f/w_f + c_g/w_g).",
            scene => Bound(scene, seed))),
    ];

    private static async Task TakesTurns(Scene scene)
    {
        var node = await scene.JoinAsync();
        foreach (var group in (string[])["a", "b", "c"])
        {
            await scene.EnqueueAsync(4, group);
        }
        for (var round = 0; round < 4; round++)
        {
            var turn = new List<string>();
            for (var i = 0; i < 3; i++)
            {
                turn.Add((await scene.ClaimOneAsync(node)).Group!);
            }
            Expect.Sequence(["a", "b", "c"], turn.Order(), $"the groups of round {round}");
        }
    }

    private static async Task ByTime(Scene scene)
    {
        var run = new FairRun(scene, group => group == "slow" ? 10 : 1);
        await run.RunAsync(new() { Name = Scene.Queue }, slots: 4, seconds: 1000, ("slow", 300), ("quick", 3000));
        var (slow, quick) = (run.Served["slow"], run.Served["quick"]);
        Expect.True(Math.Abs(slow - quick) / (slow + quick) < 0.02, $"the same time for both within 2 %; it was {slow} s and {quick} s");
        Expect.True(run.Starts["quick"] > run.Starts["slow"] * 9, $"some ten quick starts for each slow one; it was {run.Starts["quick"]} and {run.Starts["slow"]}");
    }

    private static async Task ByWeight(Scene scene)
    {
        var weights = new Dictionary<string, double> { ["two"] = 2, ["four"] = 4 };
        var run = new FairRun(scene, _ => 1);
        await run.RunAsync(new() { Name = Scene.Queue, Weights = weights }, slots: 3, seconds: 400, ("one", 1000), ("two", 1000), ("four", 1000));
        var all = run.Served.Values.Sum();
        foreach (var (group, share) in new[] { ("one", 1 / 7d), ("two", 2 / 7d), ("four", 4 / 7d) })
        {
            Expect.True(Math.Abs((run.Served[group] / all) - share) < 0.02, $"{share:P1} of the time for '{group}' within 2 %; it was {run.Served[group] / all:P1}");
        }
    }

    private static async Task Newcomer(Scene scene)
    {
        var run = new FairRun(scene, _ => 2);
        await run.RunAsync(new() { Name = Scene.Queue }, slots: 5, seconds: 100, ("old", 1000));
        await scene.EnqueueAsync(1, "new");
        Expect.Equal("new", (await scene.ClaimOneAsync(run.Node)).Group);
    }

    private static async Task DueNewcomer(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync(3, "busy");
        await scene.ClaimOneAsync(node);
        await scene.EnqueueAsync(Job(delay: 1, group: "late"));
        scene.Wait(1);
        Expect.Equal("late", (await scene.ClaimOneAsync(node)).Group);
    }

    private static async Task NewcomerAfterOverestimate(Scene scene)
    {
        var run = new FairRun(scene, _ => 0.001);
        await run.RunAsync(new() { Name = Scene.Queue }, slots: 50, seconds: 0.002, ("old", 1000));
        await scene.EnqueueAsync(1, "new");
        Expect.Equal("new", (await scene.ClaimOneAsync(run.Node)).Group);
    }

    private static async Task NothingSavedUp(Scene scene)
    {
        var run = new FairRun(scene, _ => 1);
        await run.RunAsync(new() { Name = Scene.Queue }, slots: 2, seconds: 10, ("back", 5), ("busy", 1000));
        await run.GoOnAsync(100);
        await scene.EnqueueAsync(100, "back");
        await ExpectEvenAsync(run);
    }

    private static async Task NothingSavedUpWhilePaused(Scene scene)
    {
        var run = new FairRun(scene, _ => 1);
        await run.RunAsync(new() { Name = Scene.Queue }, slots: 2, seconds: 10, ("back", 100), ("busy", 1000));
        await scene.Store.PauseGroupAsync(Scene.Queue, "back", true);
        await run.GoOnAsync(100);
        await scene.Store.PauseGroupAsync(Scene.Queue, "back", false);
        await ExpectEvenAsync(run);
    }

    /// <summary>The next twenty seconds are shared as if nothing had been before.</summary>
    private static async Task ExpectEvenAsync(FairRun run)
    {
        var before = run.Starts["busy"];
        await run.GoOnAsync(20);
        var starts = run.Starts["busy"] - before;
        Expect.True(starts is >= 17 and <= 24, $"some 20 of 40 starts for the busy group after the other came back; it was {starts}");
    }

    private static async Task CorrectedAtEnd(Scene scene)
    {
        var node = await scene.JoinAsync(Flow([new() { Name = Scene.Queue }]));
        await scene.EnqueueAsync(20, "long");
        await scene.EnqueueAsync(20, "short");
        var first = await scene.ClaimAsync(node, 2);
        scene.Wait(10);
        foreach (var job in first)
        {
            var ran = job.Group == "long" ? 10 : 0.5;
            await scene.DoneAsync(node, JobTransition.Completed(new(job.Key, scene.Clock.Now.AddSeconds(-ran), scene.Clock.Now), default, []));
        }
        Expect.Equal(9.5, Math.Round((await scene.GroupAsync("long")).Lag - (await scene.GroupAsync("short")).Lag, 6), "how far the long one is ahead");
        Expect.Equal((10d, 0.5), ((await scene.GroupAsync("long")).ServedSeconds, (await scene.GroupAsync("short")).ServedSeconds));
        for (var i = 0; i < 5; i++)
        {
            Expect.Equal("short", (await scene.ClaimOneAsync(node)).Group);
        }
    }

    private static async Task OverrunCharged(Scene scene)
    {
        var node = await scene.JoinAsync(Flow([new() { Name = Scene.Queue }]));
        await scene.EnqueueAsync(20, "hung");
        await scene.EnqueueAsync(20, "well");
        await scene.ClaimAsync(node, 2);
        var hung = (await scene.GroupAsync("hung")).Lag;
        scene.Wait(30);
        await scene.Store.HeartbeatAsync(node);
        Expect.Equal(29d, Math.Round((await scene.GroupAsync("hung")).Lag - hung, 6), "what a hung attempt of 30 s was charged beyond its estimate of 1 s");
        await scene.Store.HeartbeatAsync(node);
        Expect.Equal(29d, Math.Round((await scene.GroupAsync("hung")).Lag - hung, 6), "what it was charged for the same time twice");
    }

    private static async Task GivenBackIsFree(Scene scene)
    {
        var node = await scene.JoinAsync(Flow([new() { Name = Scene.Queue }]));
        await scene.EnqueueAsync(5, "a");
        await scene.EnqueueAsync(5, "b");
        var before = (await scene.GroupAsync("a")).Lag;
        var jobs = await scene.ClaimAsync(node, 2);
        await scene.Store.ReconcileAsync(node, scene.NextSequence(node), [jobs.Single(j => j.Group == "b").Key]);
        var group = await scene.GroupAsync("a");
        Expect.Equal((before, 0d), (group.Lag, group.ServedSeconds));
    }

    private static async Task AloneUntouched(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.Store.EnqueueAsync([Job(), Job(priority: 3), Job(), Job(priority: 3)]);
        Expect.Sequence([3, 3, 0, 0], (await scene.ClaimAsync(node)).Select(j => j.Priority));
        Expect.Equal(0d, (await scene.GroupAsync(null)).Lag);
    }

    private static async Task UngroupedIsOneGroup(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync(30, null);
        await scene.EnqueueAsync(30, "a");
        await scene.EnqueueAsync(30, "b");
        var jobs = await scene.ClaimAsync(node, 9);
        Expect.Sequence(["", "", "", "a", "a", "a", "b", "b", "b"], jobs.Select(j => j.Group ?? "").Order());
    }

    private static async Task InOneClaim(Scene scene)
    {
        var node = await scene.JoinAsync();
        await scene.EnqueueAsync(100, "a");
        await scene.EnqueueAsync(2, "b");
        await scene.EnqueueAsync(100, "c");
        Expect.Sequence(["a", "a", "a", "b", "b", "c", "c", "c"], (await scene.ClaimAsync(node, 8)).Select(j => j.Group!).Order());
    }

    private static async Task Bound(Scene scene, int seed)
    {
        var random = new Random(seed);
        string[] groups = ["a", "b", "c", "d"];
        var most = groups.ToDictionary(static g => g, _ => Math.Round(1 + (9 * random.NextDouble()), 1));
        var weights = groups.ToDictionary(static g => g, _ => (double)random.Next(1, 4));
        var run = new FairRun(scene, group => Math.Round(0.1 + (most[group] * random.NextDouble()), 1));
        const int Slots = 3;
        await run.RunAsync(new() { Name = Scene.Queue, Weights = weights }, Slots, 300, [.. groups.Select(static g => (g, 900))]);
        foreach (var f in groups)
        {
            foreach (var g in groups.Where(g => string.CompareOrdinal(f, g) < 0))
            {
                var bound = (Slots + 1) * ((run.Longest(f) / weights[f]) + (run.Longest(g) / weights[g]));
                var lag = run.WorstLag(f, weights[f], g, weights[g]);
                Expect.True(lag <= bound, $"a lag of at most {bound:0.0} s between '{f}' and '{g}'; it was {lag:0.0} s");
            }
        }
    }
}

/// <summary>A node that runs jobs for given times, one slot each, and keeps count of what each group got.</summary>
internal sealed class FairRun(Scene scene, Func<string, double> seconds)
{
    private readonly List<(DateTimeOffset Begin, DateTimeOffset End, ClaimedJob Job)> _running = [];
    private readonly List<(DateTimeOffset Begin, DateTimeOffset End, string Group)> _all = [];
    private int _slots;

    public NodeId Node { get; private set; }

    /// <summary>Seconds of ended attempts.</summary>
    public Dictionary<string, double> Served { get; } = [];

    public Dictionary<string, int> Starts { get; } = [];

    public async Task RunAsync(QueueDefinition definition, int slots, double seconds, params (string Group, int Jobs)[] work)
    {
        Node = await scene.JoinAsync(Scene.Flow([definition]));
        _slots = slots;
        foreach (var (group, jobs) in work)
        {
            (Served[group], Starts[group]) = (0, 0);
            await scene.EnqueueAsync(jobs, group);
        }
        await GoOnAsync(seconds);
    }

    public async Task GoOnAsync(double time)
    {
        var until = scene.Clock.Now.AddSeconds(time);
        while (scene.Clock.Now < until)
        {
            await FillAsync();
            scene.WaitUntil(_running.Min(static r => r.End));
            await EndAsync();
        }
    }

    /// <summary>The longest attempt, or the estimate of one of which nothing is known.</summary>
    public double Longest(string group) => Math.Max(Policies.FairQueue.Unknown, _all.Where(r => r.Group == group).Max(static r => (r.End - r.Begin).TotalSeconds));

    /// <summary>The largest difference of two groups' service per weight over all intervals: the spread of their difference over time.</summary>
    public double WorstLag(string f, double weightF, string g, double weightG)
    {
        var (low, high) = (0d, 0d);
        foreach (var moment in _all.Select(static r => r.Begin).Concat(_all.Select(static r => r.End)).Where(m => m <= scene.Clock.Now).Distinct())
        {
            var difference = (ServiceUntil(f, moment) / weightF) - (ServiceUntil(g, moment) / weightG);
            (low, high) = (Math.Min(low, difference), Math.Max(high, difference));
        }
        return high - low;
    }

    private double ServiceUntil(string group, DateTimeOffset moment) =>
        _all.Where(r => r.Group == group && r.Begin < moment).Sum(r => ((r.End < moment ? r.End : moment) - r.Begin).TotalSeconds);

    private async Task FillAsync()
    {
        foreach (var job in await scene.ClaimAsync(Node, _slots - _running.Count))
        {
            var end = scene.Clock.Now.AddSeconds(seconds(job.Group!));
            _running.Add((scene.Clock.Now, end, job));
            _all.Add((scene.Clock.Now, end, job.Group!));
            Starts[job.Group!]++;
        }
    }

    private async Task EndAsync()
    {
        foreach (var (begin, end, job) in _running.FindAll(r => r.End <= scene.Clock.Now))
        {
            await scene.DoneAsync(Node, JobTransition.Completed(new(job.Key, begin, end), default, []));
            Served[job.Group!] += (end - begin).TotalSeconds;
        }
        _running.RemoveAll(r => r.End <= scene.Clock.Now);
    }
}
