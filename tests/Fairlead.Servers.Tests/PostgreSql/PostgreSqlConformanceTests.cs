using Fairlead.Testing.Conformance;

namespace Fairlead.Servers.Tests.PostgreSql;

public sealed class PostgreSqlConformanceTests(SharedServer server)
{
    public static TheoryData<string> Cases => [.. StoreConformance.Cases.Select(static c => c.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Keeps(string promise)
    {
        await using var fixture = await PostgreSqlFixture.NewAsync(server);
        await StoreConformance.Find(promise).RunAsync(fixture);
    }
}
