using Fairlead.Storage;

namespace Fairlead.Engine;

/// <summary>
/// In which order a node serves its queues: by priority, those of one priority in turn, each claim beginning with the next. Where two
/// queues share a limit, the first would otherwise take every permit.
/// </summary>
internal sealed class QueueTurns(IReadOnlyList<ServedQueue> queues)
{
    private readonly ServedQueue[][] _ranks = Ranks(queues);
    private int _turn = -1;

    /// <summary>The order of the next claim.</summary>
    public IEnumerable<ServedQueue> Next()
    {
        _turn = (_turn + 1) & int.MaxValue;
        var turn = _turn;
        return _ranks.SelectMany(rank => Enumerable.Range(0, rank.Length).Select(i => rank[(turn + i) % rank.Length]));
    }

    /// <summary>Neighbours of one priority; the order in which queues were given otherwise stands.</summary>
    private static ServedQueue[][] Ranks(IReadOnlyList<ServedQueue> queues)
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
        return [.. ranks.Select(static rank => rank.ToArray())];
    }
}
