using Fairlead.Testing.Simulation;

namespace Fairlead.Tests.Simulation;

/// <summary>A simulation that finds nothing proves nothing: each bug planted on purpose is found, for what it is, within 500 seeds.</summary>
public sealed class PlantedBugTests(ITestOutputHelper output)
{
    private const int Seeds = 500;

    public static TheoryData<string> Bugs => [.. PlantedBugs.All.Keys];

    [Theory]
    [MemberData(nameof(Bugs))]
    public void A_planted_bug_is_found(string bug)
    {
        var (options, finding) = PlantedBugs.All[bug];
        for (var seed = 1; seed <= Seeds; seed++)
        {
            if (ClusterSimulation.Run(seed, options).Failure is { } failure)
            {
                failure.ShouldContain(finding);
                output.WriteLine($"Found by seed {seed}: {failure.Split('\n')[0]}");
                return;
            }
        }
        Assert.Fail($"Not found within {Seeds} seeds: {bug}.");
    }
}
