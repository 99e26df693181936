using Fairlead.Testing.Conformance;

namespace Fairlead.Tests.Storage;

public sealed class InMemoryConformanceTests
{
    public static TheoryData<string> Names => [.. StoreConformance.Cases.Select(static c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Keeps(string name)
    {
        await using var fixture = new InMemoryStoreFixture();
        await StoreConformance.Find(name).RunAsync(fixture);
    }

    [Fact]
    public void Names_are_unique() =>
        StoreConformance.Cases.Select(static c => c.Name).ShouldBeUnique();
}
