using Fairlead.Storage;
using Fairlead.Testing;
using Fairlead.Twins;

namespace Fairlead.Servers.Tests.PostgreSql;

/// <summary>The in-memory store and PostgreSQL, led through the same random lives, give the same answers.</summary>
public sealed class TwinStoresTests(SharedServer server)
{
    private static int Seeds => int.TryParse(Environment.GetEnvironmentVariable("FAIRLEAD_TWIN_SEEDS"), out var seeds) ? seeds : 4;

    public static TheoryData<int> Runs => [.. Enumerable.Range(1, Seeds)];

    [Theory]
    [MemberData(nameof(Runs))]
    public async Task Memory_and_postgresql_decide_alike(int seed)
    {
        var clock = new ManualClock();
        await using var test = await TestStore.NewAsync(server);
        await using var memory = new InMemoryJobStore(clock);
        var twins = new TwinStores(seed, clock, memory, await test.OpenAsync(clock));
        await twins.RunAsync(600);
        twins.Claimed.ShouldBeGreaterThan(50);
    }
}
