using System.Diagnostics;
using System.Globalization;
using Fairlead.PostgreSql;
using Fairlead.Storage;

namespace Fairlead.Bench.PostgreSql;

/// <summary>Claims with few and with many jobs and groups waiting, in turns on one server.</summary>
internal static class GrowthBench
{
    private const int FewJobs = 10_000, FewGroups = 100;
    private const int PerClaim = 100;
    private const int Rounds = 300, WarmRounds = 20;

    public static async Task<int> RunAsync(BenchOptions options)
    {
        var (jobs, groups) = (options.Jobs ?? 1_000_000, options.Groups ?? 100_000);
        await using var server = await BenchServer.StartAsync();
        await using var few = await ClaimMeter.StartAsync(server, FewJobs, FewGroups);
        await using var many = await ClaimMeter.StartAsync(server, jobs, groups);
        for (var round = -WarmRounds; round < Rounds; round++)
        {
            await few.RoundAsync(counts: round >= 0);
            await many.RoundAsync(counts: round >= 0);
        }
        Table.Head($"claims of {PerClaim}", "a claim, p50", "p99", "a claimed job");
        Row(FewJobs, FewGroups, few.Claims);
        Row(jobs, groups, many.Claims);
        Table.Row("ratio", Times(many.Claims, few.Claims, 0.5), Times(many.Claims, few.Claims, 0.99), "");
        return 0;
    }

    private static void Row(int jobs, int groups, Spread claims) => Table.Row(
        string.Create(CultureInfo.InvariantCulture, $"{jobs:N0} jobs waiting in {groups:N0} groups"),
        string.Create(CultureInfo.InvariantCulture, $"{claims.Median:N2} ms"),
        string.Create(CultureInfo.InvariantCulture, $"{claims.At(0.99):N2} ms"),
        string.Create(CultureInfo.InvariantCulture, $"{claims.Median / PerClaim * 1000:N0} µs"));

    private static string Times(Spread many, Spread few, double share) => string.Create(CultureInfo.InvariantCulture, $"{many.At(share) / few.At(share):0.00} ×");

    /// <summary>One store and its node: claims, ends what it claimed, and puts as much back, so that the number that waits stays.</summary>
    private sealed class ClaimMeter(PostgreSqlJobStore store, NodeId node) : IAsyncDisposable
    {
        private readonly List<double> took = [];
        private long sequence;

        /// <summary>How long a claim took, in milliseconds.</summary>
        public Spread Claims => new(took);

        public static async Task<ClaimMeter> StartAsync(BenchServer server, int jobs, int groups)
        {
            var store = await WaitingGroups.MakeAsync(server.ConnectionString(await server.NewDatabaseAsync()), jobs, groups);
            return new ClaimMeter(store, (await store.JoinAsync(Scratch.Registration())).Node);
        }

        public async Task RoundAsync(bool counts)
        {
            var began = Stopwatch.GetTimestamp();
            var claim = await store.ClaimAsync(Scratch.Request(node, ++sequence, PerClaim));
            if (counts)
            {
                took.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
            if (claim.Jobs.Count != PerClaim)
            {
                throw new InvalidOperationException($"Expected {PerClaim} jobs, got {claim.Jobs.Count}.");
            }
            var now = TimeProvider.System.GetUtcNow();
            await store.ApplyAsync(node, [.. claim.Jobs.Select(job => Scratch.Completed(job, now))]);
            await store.EnqueueAsync([.. claim.Jobs.Select(static job => Scratch.Jobs(1)[0] with { Group = job.Group })]);
        }

        public ValueTask DisposeAsync() => store.DisposeAsync();
    }
}
