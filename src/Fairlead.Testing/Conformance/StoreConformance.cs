using Fairlead.Testing.Conformance.Cases;

namespace Fairlead.Testing.Conformance;

/// <summary>
/// The storage contract as a list of cases. A store is ready when it passes them all:
/// <c>await StoreConformance.Find(name).RunAsync(fixture)</c> for each of <see cref="Cases" />, with fresh storage every time.
/// </summary>
public static class StoreConformance
{
    /// <summary>Every case, in a fixed order.</summary>
    public static IReadOnlyList<ConformanceCase> Cases { get; } =
    [
        .. IntakeCases.All,
        .. ClaimCases.All,
        .. FenceCases.All,
        .. LeaseCases.All,
        .. AttemptCases.All,
        .. UniqueCases.All,
        .. BlockedCases.All,
        .. BatchCases.All,
        .. ControlCases.All,
        .. QueueChangeCases.All,
        .. RedeclareCases.All,
        .. PoolCases.All,
        .. SoloCases.All,
        .. ReconcileCases.All,
        .. UpkeepCases.All,
        .. QueryCases.All,
        .. TimelineCases.All,
        .. LimitCases.All,
        .. PermitCases.All,
        .. GroupCases.All,
        .. FairnessCases.All,
        .. BreakerCases.All,
        .. FlowControlCases.All,
        .. ParentCases.All,
        .. KeyCases.All,
        .. ScheduleCases.All,
        .. StoreCases.All,
        .. TextCases.All,
        .. RandomCases.All,
    ];

    /// <summary>The case of that name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public static ConformanceCase Find(string name) =>
        Cases.FirstOrDefault(c => c.Name == name) ?? throw new KeyNotFoundException($"There is no conformance case '{name}'.");
}
