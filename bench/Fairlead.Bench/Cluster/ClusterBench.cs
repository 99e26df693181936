using System.Globalization;

namespace Fairlead.Bench.Cluster;

/// <summary>The whole of it: <c>cluster [seconds] [seed]</c>, 180 seconds by default; results are in docs/cluster.md.</summary>
internal static class ClusterBench
{
    public static async Task<int> RunAsync(string[] args)
    {
        var seconds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 180;
        var seed = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1;
        await using var server = await PostgreSqlServer.StartAsync(durable: true);
        await using var run = await ClusterRun.StartAsync(server, jobs: ClusterTerms.PerSecond * seconds, seed);
        await run.StormAsync(TimeSpan.FromSeconds(seconds));
        await run.EndAsync();
        var findings = await ClusterJudge.JudgeAsync(run, comeback: TimeSpan.FromSeconds(10));
        Console.WriteLine(findings);
        foreach (var problem in findings.Problems.Take(200))
        {
            Console.WriteLine($"  {problem}");
        }
        foreach (var (complaint, times) in run.Members.SelectMany(static member => member.Complaints).CountBy(static line => line.Split(' ')[1]))
        {
            Console.WriteLine($"  nodes said {complaint} {times} times");
        }
        return findings.Problems.Count == 0 ? 0 : 1;
    }
}
