using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>Reads nodes as operators see them.</summary>
internal static class NodeReader
{
    /// <summary>One node, or all when <paramref name="node" /> is null, that live or left after a moment.</summary>
    public static List<NodeInfo> Read(Statements sql, long? node, long leftAfter)
    {
        var rows = new List<NodeInfo>();
        var row = sql["node_info"].Add(node).Add(leftAfter);
        while (row.Step())
        {
            rows.Add(new()
            {
                Id = new(row.Long(0)), Name = row.Text(1), Slots = row.Int(2), Running = row.Int(3), JoinedAt = row.Time(4),
                HeartbeatAt = row.Time(5), LeftAt = row.MaybeTime(6), Serves = new Dictionary<string, IReadOnlyList<JobKind>>(StringComparer.Ordinal),
            });
        }
        return rows.ConvertAll(info => info with { Serves = Serves(sql, info.Id.Value) });
    }

    private static Dictionary<string, IReadOnlyList<JobKind>> Serves(Statements sql, long node)
    {
        var serves = new Dictionary<string, IReadOnlyList<JobKind>>(StringComparer.Ordinal);
        var row = sql["served_names"].Add(node);
        while (row.Step())
        {
            var kinds = serves.TryGetValue(row.Text(0), out var known) ? known : [];
            serves[row.Text(0)] = [.. kinds, new JobKind(row.Text(1), row.Int(2))];
        }
        return serves;
    }
}
