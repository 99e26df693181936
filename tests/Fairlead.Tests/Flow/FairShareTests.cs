using Fairlead.Storage;

namespace Fairlead.Tests.Flow;

/// <summary>Groups share by time, whatever their jobs take: shares come out, and the bound holds in every interval.</summary>
public sealed class FairShareTests
{
    private static int Seeds => int.TryParse(Environment.GetEnvironmentVariable("FAIRLEAD_FLOW_SEEDS"), out var seeds) ? seeds : 20;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 1)]
    [InlineData(16, 1)]
    [InlineData(7, 3)]
    public void Jobs_ten_times_as_long_get_no_more_time(int slots, int nodes)
    {
        var shares = Shares(slots, nodes, ("quick", 1, 0.1), ("slow", 1, 1));
        shares["quick"].ShouldBe(1.0 / 2, 0.01);
        shares["slow"].ShouldBe(1.0 / 2, 0.01);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 1)]
    [InlineData(16, 1)]
    [InlineData(4, 3)]
    public void Weights_share_the_time(int slots, int nodes)
    {
        var shares = Shares(slots, nodes, ("a", 1, 1), ("b", 2, 0.1), ("c", 4, 0.4));
        shares["a"].ShouldBe(1.0 / 7, 0.02 / 7);
        shares["b"].ShouldBe(2.0 / 7, 0.04 / 7);
        shares["c"].ShouldBe(4.0 / 7, 0.08 / 7);
    }

    /// <summary>The shares of time after 1,000 jobs of each, while all have more to do.</summary>
    private static Dictionary<string, double> Shares(int slots, int nodes, params (string Group, double Weight, double Seconds)[] groups)
    {
        var cluster = new FlowCluster();
        var queue = new QueueDefinition { Name = "q", Weights = groups.ToDictionary(static g => g.Group, static g => g.Weight) };
        cluster.Start(nodes, slots, [queue]);
        var longest = groups.Max(static g => g.Seconds / g.Weight);
        foreach (var (group, weight, seconds) in groups)
        {
            cluster.Enqueue((int)(1_100 * longest / seconds * weight) + 300, new(seconds), "q", group);
        }
        var done = groups.ToDictionary(static g => g.Group, static _ => 0);
        cluster.Ended = attempt => done[attempt.Group!]++;
        cluster.Time.RunUntil(() => done.Values.All(static count => count >= 1_000), TimeSpan.FromDays(1)).ShouldBeTrue();
        var now = cluster.Time.Now;
        var time = cluster.Attempts.GroupBy(static a => a.Group!).ToDictionary(static g => g.Key, g => g.Sum(a => ((a.EndedAt ?? now) - a.ClaimedAt).TotalSeconds));
        return time.ToDictionary(static g => g.Key, g => g.Value / time.Values.Sum());
    }

    public static TheoryData<int> Runs => [.. Enumerable.Range(1, Seeds)];

    [Theory]
    [MemberData(nameof(Runs))]
    public void The_bound_holds_in_every_interval(int seed)
    {
        var (share, where) = Worst(seed);
        share.ShouldBeGreaterThan(0);
        share.ShouldBeLessThanOrEqualTo(1, $"seed {seed}: {where}");
    }

    private static (double Share, string Where) Worst(int seed)
    {
        var random = new Random(seed);
        var (nodes, slots, groups) = (random.Next(1, 4), random.Next(1, 17), random.Next(2, 7));
        var names = Enumerable.Range(0, groups).Select(static i => $"g{i}").ToList();
        var weights = names.ToDictionary(static name => name, _ => random.Next(3) == 0 ? random.Next(1, 9) : 1.0);
        var lengths = names.ToDictionary(static name => name, _ => Math.Pow(10, (random.NextDouble() * 3) - 2));
        var heavy = random.Next(2) == 0;
        var moody = random.Next(2) == 0;
        var cluster = new FlowCluster();
        var book = new ServiceBook(nodes * slots, weights);
        var began = cluster.Time.Now;
        double Now() => (cluster.Time.Now - began).TotalSeconds;
        cluster.Claimed = attempt => book.Starts(Now(), attempt.Group!);
        cluster.Ended = attempt => book.Ends(Now(), attempt.Group!, attempt.Seconds);
        cluster.Pruned = book.ForgetAllBut;
        cluster.Start(nodes, slots, [new() { Name = "q", Weights = weights }]);
        var total = 0;
        for (var burst = 0; burst < 40; burst++)
        {
            var name = names[random.Next(groups)];
            var jobs = Enumerable.Range(0, random.Next(1, random.Next(2) == 0 ? 4 : 120)).Select(_ => new FlowWork(Length(random, lengths[name], heavy)).Job("q", name, random.Next(3))).ToList();
            book.Waits(Now(), name, jobs.Count);
            cluster.Enqueue(jobs);
            total += jobs.Count;
            lengths[name] = moody ? (random.Next(2) == 0 ? 0.002 : 1) : lengths[name] * (random.Next(8) == 0 ? Math.Pow(10, (random.NextDouble() * 2) - 1) : 1);
            cluster.Time.RunFor(TimeSpan.FromSeconds(random.Next(3) == 0 ? 0 : random.NextDouble() * 20));
        }
        cluster.Time.RunUntil(() => cluster.Done.Count() == total, TimeSpan.FromDays(30)).ShouldBeTrue();
        return book.Worst();
    }

    /// <summary>About that long; with a heavy tail (Pareto, 1.3) now and then a hundred times that.</summary>
    private static double Length(Random random, double typical, bool heavy) =>
        Math.Round(heavy ? typical * Math.Min(100, Math.Pow(1 - random.NextDouble(), -1 / 1.3)) : typical * (0.5 + random.NextDouble()), 4) + 0.001;
}
