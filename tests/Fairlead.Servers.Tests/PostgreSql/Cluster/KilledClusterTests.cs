using Fairlead.Bench;
using Fairlead.Bench.Cluster;

namespace Fairlead.Servers.Tests.PostgreSql.Cluster;

/// <summary>In full, for three minutes: <c>dotnet run -c Release --project bench/Fairlead.Bench -- cluster</c>; its result is in docs/cluster.md.</summary>
[Collection(nameof(Alone))]
public sealed class KilledClusterTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Four_nodes_killed_at_random_and_a_server_that_crashes_lose_nothing_and_exceed_nothing()
    {
        await using var server = await PostgreSqlServer.StartAsync(durable: true);
        await using var run = await ClusterRun.StartAsync(server, jobs: 600, seed: 7);
        await run.StormAsync(TimeSpan.FromSeconds(20));
        await run.EndAsync();

        // The 10 s that are promised, and as much again for a machine that starts programs all the while.
        var findings = await ClusterJudge.JudgeAsync(run, comeback: TimeSpan.FromSeconds(20));

        output.WriteLine($"{findings}");
        findings.Problems.ShouldBeEmpty();
        findings.Kills.ShouldBeGreaterThan(1);
        findings.Away.ShouldBeGreaterThan(TimeSpan.Zero);
        findings.Lost.ShouldBeGreaterThan(0, "a killed node held jobs");
    }
}
