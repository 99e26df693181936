using System.Globalization;

namespace Fairlead.Sqlite.Tests;

/// <summary>
/// In full: <c>FAIRLEAD_NODES=10 FAIRLEAD_JOBS=20000 FAIRLEAD_KILL_EVERY=1</c>; results are in docs/performance.md.
/// </summary>
public sealed class KilledNodesTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Nodes_killed_again_and_again_lose_nothing_and_surface_no_error()
    {
        var processes = Setting("FAIRLEAD_NODES", 5);
        var jobs = Setting("FAIRLEAD_JOBS", 2500);
        await using var temp = new TempStore();
        var store = await temp.OpenAsync();
        using var nodes = new KilledNodes(temp.Path, processes, jobs, seed: 7);
        nodes.Start();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        using var every = new PeriodicTimer(TimeSpan.FromSeconds(Setting("FAIRLEAD_KILL_EVERY", 1)));

        while (await every.WaitForNextTickAsync(limit.Token) && !await IsDoneAsync())
        {
            await nodes.KillOneAsync();
        }

        var comeback = await nodes.SlowestComebackAsync();
        output.WriteLine($"{processes} nodes, {jobs} jobs, {nodes.Kills} killed; the slowest of a killed node's jobs ran again after {comeback?.TotalSeconds:0.00} s");
        nodes.Complaints.ShouldBeEmpty();
        nodes.Kills.ShouldBeGreaterThan(1);
        comeback.ShouldNotBeNull().ShouldBeLessThan(TimeSpan.FromSeconds(10));
        var tally = (await store.ListQueuesAsync()).Single().Jobs;
        tally.Completed.ShouldBe(tally.Total);
        tally.Total.ShouldBeGreaterThanOrEqualTo(jobs);
        (await CountCompletedAsync()).ShouldBe(tally.Completed);

        async Task<bool> IsDoneAsync() =>
            nodes.Acknowledged >= jobs && (await store.ListQueuesAsync()).Single().Jobs is var tally && tally.Ended == tally.Total;

        async Task<long> CountCompletedAsync()
        {
            long count = 0;
            JobId? cursor = null;
            do
            {
                var page = await store.ListJobsAsync(new() { Status = JobStatus.Completed, Limit = 1000, Cursor = cursor });
                count += page.Jobs.Count;
                cursor = page.Next;
            }
            while (cursor is not null);
            return count;
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
