using Fairlead.PostgreSql;
using Fairlead.Simulation;
using Fairlead.Testing.Simulation;

namespace Fairlead.Servers.Tests.PostgreSql;

/// <summary>
/// The simulated cluster on a real server: whole nodes in virtual time, with crashes, freezes, lost answers and wrong clocks, and the auditor that checks the guarantees
/// after every call. Each call of the store is waited for where it is made, so that all else stays on the one thread of the simulation.
/// </summary>
public sealed class SimulatedClusterTests(SharedServer server, ITestOutputHelper output)
{
    private static int Seeds => int.TryParse(Environment.GetEnvironmentVariable("FAIRLEAD_POSTGRESQL_SEEDS"), out var seeds) ? seeds : 2;

    public static TheoryData<int> Runs => [.. Enumerable.Range(1, Seeds)];

    [Theory]
    [MemberData(nameof(Runs))]
    public async Task The_guarantees_hold_after_every_step(int seed)
    {
        await using var test = await TestStore.NewAsync(server);
        PostgreSqlJobStore? store = null;
        var run = await Task.Factory.StartNew(
            () => ClusterSimulation.Run(seed, new() { StoreBug = (_, time) => SynchronousStore.Over(store = Open(test, (VirtualTime)time)) }),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await store!.DisposeAsync();
        output.WriteLine($"{run.Jobs} jobs, {run.Faults} faults, {run.Checked} checked calls");
        Assert.True(run.Failure is null, run.Failure);
        run.Jobs.ShouldBeGreaterThanOrEqualTo(200);
    }

    private static PostgreSqlJobStore Open(TestStore test, VirtualTime time)
    {
        var store = new PostgreSqlJobStore(new PostgreSqlStoreOptions { ConnectionString = test.ConnectionString, Schema = test.Schema }, new Watch(time), TimeProvider.System);
        store.OpenAsync().AsTask().GetAwaiter().GetResult();
        return store;
    }

    /// <summary>Virtual time for the store's own thread, which asks only while the simulation waits for it.</summary>
    private sealed class Watch(VirtualTime time) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => time.Now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => time.Now.Ticks;
    }
}
