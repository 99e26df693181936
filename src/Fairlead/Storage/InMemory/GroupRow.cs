using Fairlead.Policies;

namespace Fairlead.Storage.InMemory;

/// <summary>A group of a queue as the store keeps it; the one without a name holds the jobs without a group. Fields that order an index change only while the row is out of that index.</summary>
internal sealed class GroupRow(QueueRow queue, string? name, long number)
{
    public readonly QueueRow Queue = queue;
    public readonly string? Name = name;
    public readonly long Number = number;
    public readonly GroupState State = new();

    /// <summary>Ready jobs by kind: what a node does not know costs its claim nothing.</summary>
    public readonly Dictionary<JobKind, SortedSet<JobRow>> Lanes = [];

    /// <summary>How long jobs of a kind take, on average; missing while nothing is known.</summary>
    public readonly Dictionary<JobKind, double> Estimates = [];

    public int Ready;

    /// <summary>Whether it stands in the queue's index of groups in reach.</summary>
    public bool InReach;

    /// <summary>When what blocks it is over by itself; it stands in the queue's index of those then.</summary>
    public DateTimeOffset? WakeAt;

    /// <summary>What blocks it, as it was recorded.</summary>
    public WaitReason? Block;

    public double Weight => Queue.InForce?.WeightOf(Name) ?? 1;

    public SortedSet<JobRow> Lane(JobKind kind)
    {
        if (!Lanes.TryGetValue(kind, out var lane))
        {
            Lanes.Add(kind, lane = new(RowOrder.ByPriority));
        }
        return lane;
    }

    /// <summary>The first of its ready jobs that a node knows.</summary>
    public JobRow? Head(IReadOnlyList<JobKind> kinds)
    {
        JobRow? best = null;
        for (var i = 0; i < kinds.Count; i++)
        {
            if (Lanes.TryGetValue(kinds[i], out var lane) && lane.Min is { } head && (best is null || RowOrder.ByPriority.Compare(head, best) < 0))
            {
                best = head;
            }
        }
        return best;
    }
}
