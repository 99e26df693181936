using Fairlead.Testing.Conformance;

namespace Fairlead.Servers.Tests.PostgreSql.Operations;

/// <summary>Conformance cases for another way to the same store: every eighth, so that each topic has some, and all about keys, texts and signals.</summary>
internal static class Representative
{
    public static TheoryData<string> Cases => [.. StoreConformance.Cases
        .Where((one, at) => at % 8 == 3 || one.Name.StartsWith("Text.", StringComparison.Ordinal) || one.Name.StartsWith("Signal.", StringComparison.Ordinal))
        .Select(static one => one.Name)];
}
