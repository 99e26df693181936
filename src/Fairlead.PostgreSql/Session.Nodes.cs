using Fairlead.Diagnostics;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>What leaving and dying have in common.</summary>
internal sealed partial class Session
{
    /// <summary>Ends a node's membership; its jobs were taken back before.</summary>
    public void EndNode(long node)
    {
        statements["end_node"].Add(node).Add(Now).Run();
        statements["unreserve_all"].Add(node).Run();
        foreach (var (job, fence) in Pairs(statements["abandoned_on"].Add(node)))
        {
            ReleaseAbandoned(job, fence, node);
        }
        ReleaseHeld(statements["held_by_node"].Add(node));
        statements["forget_pools"].Add(node).Run();
        statements["forget_ending"].Add(node).Run();
        StopServing(node, ServedBy(node));
        Signal(StoreSignals.Control);
    }

    /// <summary>What a node serves: queues with kinds.</summary>
    public List<(long Queue, long Kind)> ServedBy(long node) => Pairs(statements["served_by"].Add(node));

    /// <summary>What a node served once may be served by nobody now, and lacks none of its slots any more.</summary>
    public void StopServing(long node, List<(long Queue, long Kind)> once)
    {
        foreach (var (queue, kind) in once)
        {
            CloseBlock(queue, WaitCause.Slot, node.ToString(System.Globalization.CultureInfo.InvariantCulture));
            if (statements["line_exists"].Add(queue).Add(kind).Any() && !statements["line_is_served"].Add(queue).Add(kind).Any())
            {
                OpenBlock(queue, WaitCause.NoNode, KindName(kind).ToString());
            }
        }
    }

    /// <summary>What is known of a queue was changed in this transaction.</summary>
    public void ForgetFacts(long queue) => facts.Remove(queue);

    private static List<(long, long)> Pairs(Statement row)
    {
        var pairs = new List<(long, long)>();
        while (row.Step())
        {
            pairs.Add((row.Long(0), row.Long(1)));
        }
        return pairs;
    }
}
