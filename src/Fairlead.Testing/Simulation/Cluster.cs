using Fairlead.Simulation;
using Fairlead.Storage;

namespace Fairlead.Testing.Simulation;

/// <summary>The nodes of one run as they come and go; every role is always served again after a while.</summary>
internal sealed class Cluster(VirtualTime time, Auditor auditor, PlanBook plans, ClusterOptions options, IJobStore shared, Disturbances clients, Random random)
{
    private readonly List<SimulatedNode> _nodes = [];
    private readonly List<SimulatedNode> _takenOut = [];
    private int _names;

    public IReadOnlyList<SimulatedNode> Nodes => _nodes;

    /// <summary>Those that were taken out too: they may be stopping still.</summary>
    public IEnumerable<SimulatedNode> All => _nodes.Concat(_takenOut);

    public Disturbances ClientDisturbances => clients;

    public void StartOne(int role)
    {
        var node = new SimulatedNode($"node{++_names}", role, time, auditor, plans, options, shared, random);
        _nodes.Add(node);
        _ = time.StartAsync(node.StartAsync);
    }

    public bool TryTakeOut(SimulatedNode node)
    {
        if (!_nodes.Remove(node))
        {
            return false;
        }
        _takenOut.Add(node);
        return true;
    }

    public void EndDisturbances()
    {
        clients.End();
        foreach (var node in All)
        {
            node.Disturbances.End();
        }
    }
}
