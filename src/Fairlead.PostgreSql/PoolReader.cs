using System.Text.Json;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>Reads what live nodes last said of their pools.</summary>
internal static class PoolReader
{
    public static List<NodePool> Read(Statements sql)
    {
        var pools = new List<NodePool>();
        var row = sql["pools"];
        while (row.Step())
        {
            var (node, name) = (new NodeId(row.Long(0)), row.Text(1));
            pools.AddRange(JsonSerializer.Deserialize(row.Blob(2), PoolJson.Default.IReadOnlyListPoolReport)!.Select(pool => new NodePool(node, name, pool)));
        }
        return pools;
    }
}
