using Fairlead.Bench;
using Fairlead.Bench.Soak;

namespace Fairlead.Servers.Tests.PostgreSql.Soak;

/// <summary>In full, for an hour: <c>dotnet run -c Release --project bench/Fairlead.Bench -- soak 60</c>. What a busy machine decides (latency) is looked at there.</summary>
[Collection(nameof(Alone))]
public sealed class SoakTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Two_minutes_of_500_jobs_a_second_leave_memory_and_tables_as_they_were()
    {
        // Rows that are gone leave room when the server has looked: once a minute by itself, which is half of this run.
        await using var server = await PostgreSqlServer.StartAsync(durable: true, "autovacuum_naptime = '5s'");

        var findings = await new SoakRun(server, TimeSpan.FromMinutes(2)).RunAsync();

        output.WriteLine($"{findings}");
        findings.Done.ShouldBeGreaterThanOrEqualTo(findings.Enqueued, "every job ran");
        findings.Managed.ShouldBeLessThan(1.5);
        findings.Resident.ShouldBeLessThan(1.5);
        findings.Tables.ShouldBeLessThan(1.5);
    }
}
