using Fairlead.Storage;
using Fairlead.Testing;
using Fairlead.Twins;

namespace Fairlead.Sqlite.Tests;

public sealed class TwinStoresTests
{
    private static int Seeds => int.TryParse(Environment.GetEnvironmentVariable("FAIRLEAD_TWIN_SEEDS"), out var seeds) ? seeds : 6;

    public static TheoryData<int> Runs => [.. Enumerable.Range(1, Seeds)];

    [Theory]
    [MemberData(nameof(Runs))]
    public async Task Memory_and_sqlite_decide_alike(int seed)
    {
        var clock = new ManualClock();
        await using var temp = new TempStore();
        await using var memory = new InMemoryJobStore(clock);
        var twins = new TwinStores(seed, clock, memory, await temp.OpenAsync(clock));
        await twins.RunAsync(600);
        twins.Claimed.ShouldBeGreaterThan(50);
    }
}
