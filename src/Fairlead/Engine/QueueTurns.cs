using Fairlead.Storage;

namespace Fairlead.Engine;

/// <summary>
/// In which order a node serves its queues: by priority, those of one priority in turn. Whoever was given something goes behind the others
/// of its rank: where two queues share a limit, the first would otherwise take every permit.
/// </summary>
internal sealed class QueueTurns(IReadOnlyList<ServedQueue> queues)
{
    private readonly List<List<ServedQueue>> _ranks = Ranks(queues);

    /// <summary>The order of the next claim.</summary>
    public IEnumerable<ServedQueue> Order => _ranks.SelectMany(static rank => rank);

    /// <summary>A claim has given jobs of that queue.</summary>
    public void Served(string queue)
    {
        foreach (var rank in _ranks)
        {
            if (rank.Count > 1 && rank.Find(served => served.Definition.Name == queue) is { } found)
            {
                rank.Remove(found);
                rank.Add(found);
            }
        }
    }

    /// <summary>Neighbours of one priority; the order in which queues were given otherwise stands.</summary>
    private static List<List<ServedQueue>> Ranks(IReadOnlyList<ServedQueue> queues)
    {
        var ranks = new List<List<ServedQueue>>();
        foreach (var queue in queues)
        {
            if (ranks.Count == 0 || ranks[^1][0].Definition.Priority != queue.Definition.Priority)
            {
                ranks.Add([]);
            }
            ranks[^1].Add(queue);
        }
        return ranks;
    }
}
