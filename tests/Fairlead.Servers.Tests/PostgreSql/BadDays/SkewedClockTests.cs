using Fairlead.Storage;
using Fairlead.Testing.Simulation;

namespace Fairlead.Servers.Tests.PostgreSql.BadDays;

/// <summary>Nodes whose clocks are minutes off: the server's counts.</summary>
public sealed class SkewedClockTests(SharedServer server)
{
    private static readonly TimeSpan s_wrong = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Everything_goes_by_the_servers_clock()
    {
        var (connectionString, schema) = await server.NewSchemaAsync();
        var options = new Fairlead.PostgreSql.PostgreSqlStoreOptions { ConnectionString = connectionString, Schema = schema };
        await using var ahead = await WorkingNode.StartAsync(options, "ahead", Clock(s_wrong));
        await using var behind = await WorkingNode.StartAsync(options, "behind", Clock(-s_wrong));

        // Due in two seconds and in an hour, said by each: neither five minutes too soon nor too late.
        var jobs = new List<JobHandle>();
        foreach (var node in (WorkingNode[])[ahead, behind])
        {
            jobs.Add(await node.Jobs.EnqueueAsync(new WorkingNode.Note(1), new JobOptions { Delay = TimeSpan.FromSeconds(2) }));
            jobs.Add(await node.Jobs.EnqueueAsync(new WorkingNode.Note(2), new JobOptions { Delay = TimeSpan.FromHours(1) }));
        }
        foreach (var due in (JobHandle[])[jobs[0], jobs[2]])
        {
            await Until.TrueAsync(async () => (await ahead.Jobs.GetAsync(due.Id))?.Status == JobStatus.Completed, () => $"job {due.Id} is completed");
            await AssertIsOfTheServersTimeAsync(behind, due.Id);
        }
        Assert.All((JobHandle[])[jobs[1], jobs[3]], job => Assert.False(ahead.Ran.ContainsKey(job.Id) || behind.Ran.ContainsKey(job.Id)));

        // Heartbeats for longer than a lease: each finds the other alive.
        var began = (await ahead.Store.ListNodesAsync()).Max(static node => node.HeartbeatAt);
        await Until.TrueAsync(
            async () => (await ahead.Store.ListNodesAsync()).All(node => node.HeartbeatAt - began > TimeSpan.FromSeconds(9)), () => "both were heard of beyond a lease");
        Assert.Equal(0, (await behind.Store.GetCountersAsync()).NodesLost);
        Assert.Equal(2, (await behind.Store.ListNodesAsync()).Count);
    }

    private static async Task AssertIsOfTheServersTimeAsync(WorkingNode node, JobId id)
    {
        var job = (await node.Jobs.GetAsync(id))!;
        var timeline = (await node.Store.GetTimelinesAsync(id)).Single();
        var attempt = timeline.Attempts.Single();
        Assert.True(attempt.ClaimedAt - job.EnqueuedAt >= TimeSpan.FromSeconds(2), "It began before it was due.");
        // By a clock that is off, a start would lie five minutes beside.
        Assert.InRange(attempt.StartedAt, attempt.ClaimedAt - TimeSpan.FromMinutes(1), job.EndedAt!.Value + TimeSpan.FromMinutes(1));
    }

    private static SkewedTime Clock(TimeSpan skew) => new(TimeProvider.System) { Skew = skew };
}
