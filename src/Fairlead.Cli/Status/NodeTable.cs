using Fairlead.AspNetCore.Bodies;

namespace Fairlead.Cli.Status;

/// <summary>Nodes as rows: who is there, what they run, when they were last heard of.</summary>
internal static class NodeTable
{
    public static Table Of(IEnumerable<NodeBody> nodes)
    {
        var table = new Table("node", "name", "state", "running", "joined", "heard of", "queues");
        foreach (var node in nodes)
        {
            table.Add(
                $"{node.Id}", node.Name, node.State, $"{node.Running}/{node.Slots}", Table.Time(node.JoinedAt)!, Table.Time(node.HeartbeatAt)!,
                node.Queues.Count == 0 ? "-" : string.Join(' ', node.Queues));
        }
        return table;
    }
}
