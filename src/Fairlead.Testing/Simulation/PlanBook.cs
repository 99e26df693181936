namespace Fairlead.Testing.Simulation;

/// <summary>All plans of one run by their numbers.</summary>
internal sealed class PlanBook
{
    private readonly List<WorkPlan> _plans = [];

    public long NextTag => _plans.Count + 1;

    public WorkPlan Add(WorkPlan plan)
    {
        _plans.Add(plan);
        return plan;
    }

    public WorkPlan Find(ReadOnlyMemory<byte> payload) => _plans[(int)WorkPlan.Read(payload) - 1];
}
