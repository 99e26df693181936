using System.Diagnostics;
using System.Globalization;
using Fairlead.Testing.Simulation;

namespace Fairlead.Tests.Simulation;

/// <summary>Whole nodes in virtual time: 2,000 seeds, each with at least 3 nodes, 200 jobs and 10 faults, checked after every step.</summary>
public sealed class ClusterSimulationTests(ITestOutputHelper output)
{
    private const int Seeds = 2000;

    /// <summary>Set it to run one seed alone, or <c>from-to</c>.</summary>
    private const string Variable = "FAIRLEAD_SIMULATION_SEED";

    [Fact]
    public void The_guarantees_hold_after_every_step_of_every_seed()
    {
        var (first, last) = Asked();
        var options = new ClusterOptions { Lines = first == last ? 500 : 40 };
        var (virtually, began) = (TimeSpan.Zero, Stopwatch.GetTimestamp());
        var (jobs, faults, steps) = (0L, 0L, 0L);
        for (var seed = first; seed <= last; seed++)
        {
            var run = ClusterSimulation.Run(seed, options);
            Assert.True(run.Failure is null, run.Failure);
            run.Jobs.ShouldBeGreaterThanOrEqualTo(200);
            run.Faults.ShouldBeGreaterThanOrEqualTo(10);
            virtually += run.Virtual;
            (jobs, faults, steps) = (jobs + run.Jobs, faults + run.Faults, steps + run.Checked);
        }
        var took = Stopwatch.GetElapsedTime(began);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{last - first + 1} seeds, {jobs:N0} jobs, {faults:N0} faults, {steps:N0} checked calls, {virtually.TotalHours:0.0} virtual hours in {took.TotalSeconds:0.0} s: {virtually / took:N0} x real time"));
    }

    [Fact]
    public void One_seed_repeats_one_run_exactly()
    {
        for (var seed = 1; seed <= 10; seed++)
        {
            var (first, second) = (ClusterSimulation.Run(seed), ClusterSimulation.Run(seed));
            (second.Hash, second.Events, second.Steps).ShouldBe((first.Hash, first.Events, first.Steps));
        }
    }

    private static (int First, int Last) Asked()
    {
        var asked = Environment.GetEnvironmentVariable(Variable)?.Split('-');
        return asked is null ? (1, Seeds)
            : (int.Parse(asked[0], CultureInfo.InvariantCulture), int.Parse(asked[^1], CultureInfo.InvariantCulture));
    }
}
