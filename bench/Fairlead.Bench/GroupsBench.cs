using System.Diagnostics;
using Fairlead.Sqlite;
using Fairlead.Storage;

namespace Fairlead.Bench;

/// <summary>Fair claims with few and with many groups and jobs, and a newcomer among a million jobs of one group.</summary>
internal static class GroupsBench
{
    private const int Rounds = 300;
    private const int PerClaim = 10;

    public static async Task<int> RunAsync(string[] args)
    {
        var jobs = args.Length > 0 ? int.Parse(args[0]) : 1_000_000;
        var few = await MeasureAsync(jobs: 1000 + (Rounds * PerClaim), groups: 100);
        var many = await MeasureAsync(jobs, groups: Math.Max(1, jobs / 10));
        Console.WriteLine($"claims of {PerClaim}, median: {few.Median:N3} ms with about 1,000 jobs in 100 groups, {many.Median:N3} ms with {jobs:N0} in {jobs / 10:N0}: {many.Median / few.Median:N2} x");
        Console.WriteLine($"a claimed job: p50 {many.PerJob(0.5):N4} ms, p99 {many.PerJob(0.99):N4} ms; claim with its ends: {many.Cycle:N3} ms for {PerClaim} ({PerClaim / many.Cycle * 1000:N0} jobs/s)");
        Console.WriteLine($"one at a time: p50 {many.Single(0.5):N4} ms, p99 {many.Single(0.99):N4} ms a claimed job");
        await NewcomerAsync(jobs);
        return 0;
    }

    private static async Task<Figures> MeasureAsync(int jobs, int groups)
    {
        using var scratch = new Scratch();
        await using var store = await scratch.OpenAsync("store.db");
        var node = (await store.JoinAsync(Scratch.Registration())).Node;
        await FillAsync(store, jobs, number => $"g{number % groups:000000}");
        long sequence = 0;
        var (claims, cycles, singles) = (new List<double>(), new List<double>(), new List<double>());
        for (var i = 0; i < Rounds; i++)
        {
            var (claim, cycle) = await CycleAsync(store, node, ++sequence, PerClaim);
            claims.Add(claim);
            cycles.Add(cycle);
        }
        for (var i = 0; i < Rounds; i++)
        {
            singles.Add((await CycleAsync(store, node, ++sequence, 1)).Claim);
        }
        return new(Sorted(claims), Sorted(cycles), Sorted(singles));
    }

    private static async Task NewcomerAsync(int jobs)
    {
        using var scratch = new Scratch();
        await using var store = await scratch.OpenAsync("store.db");
        var node = (await store.JoinAsync(Scratch.Registration())).Node;
        await FillAsync(store, jobs, static _ => "huge");
        long sequence = 0;
        for (var i = 0; i < 20; i++)
        {
            await CycleAsync(store, node, ++sequence, PerClaim);
        }
        var id = (await store.EnqueueAsync([Scratch.Jobs(1)[0] with { Group = "newcomer" }]))[0].Id;
        var claimed = await store.ClaimAsync(Scratch.Request(node, ++sequence, 2));
        var place = claimed.Jobs.Select(static job => job.Key.Job).ToList().IndexOf(id) + 1;
        Console.WriteLine($"a newcomer's single job among {jobs:N0} of one group: number {place} of the next claim");
    }

    private static async Task FillAsync(SqliteJobStore store, int count, Func<int, string> group)
    {
        var template = Scratch.Jobs(1)[0];
        for (var done = 0; done < count; done += 1000)
        {
            var first = done;
            await store.EnqueueAsync([.. Enumerable.Range(0, Math.Min(1000, count - done)).Select(i => template with { Group = group(first + i) })]);
        }
    }

    private static async Task<(double Claim, double Cycle)> CycleAsync(SqliteJobStore store, NodeId node, long sequence, int slots)
    {
        var began = Stopwatch.GetTimestamp();
        var claim = await store.ClaimAsync(Scratch.Request(node, sequence, slots));
        var claimed = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        var now = TimeProvider.System.GetUtcNow();
        await store.ApplyAsync(node, [.. claim.Jobs.Select(job => JobTransition.Completed(new(job.Key, now.AddMilliseconds(-500 - (job.Key.Job.Value % 100)), now), default, []))]);
        return (claimed, Stopwatch.GetElapsedTime(began).TotalMilliseconds);
    }

    private static double[] Sorted(List<double> values)
    {
        values.Sort();
        return [.. values];
    }

    private sealed record Figures(double[] Claims, double[] Cycles, double[] Singles)
    {
        public double Median => Claims[Claims.Length / 2];

        public double Cycle => Cycles[Cycles.Length / 2];

        public double PerJob(double share) => Claims[(int)(Claims.Length * share)] / PerClaim;

        public double Single(double share) => Singles[(int)(Singles.Length * share)];
    }
}
