using Fairlead.Batches;
using Fairlead.Diagnostics;
using Fairlead.Policies;

namespace Fairlead.Storage.InMemory;

/// <summary>A queue as the store keeps it.</summary>
internal sealed class QueueRow
{
    public readonly string Name;
    public readonly BlockBook Blocks = new();

    public QueueRow(string name)
    {
        Name = name;
        Ungrouped = new(this, null, 0);
    }

    /// <summary>The groups that are known, and the jobs without one.</summary>
    public readonly Dictionary<string, GroupRow> Groups = new(StringComparer.Ordinal);
    public readonly GroupRow Ungrouped;

    /// <summary>Groups with ready jobs of a kind that nothing blocks, in the order in which they go next.</summary>
    public readonly Dictionary<JobKind, SortedSet<GroupRow>> Reach = [];

    /// <summary>Groups with ready jobs whose block is over at a known time.</summary>
    public readonly SortedSet<GroupRow> Waking = new(RowOrder.ByWake);

    /// <summary>The kinds that were ever used, in the order in which they were first seen.</summary>
    public readonly List<JobKind> Kinds = [];

    /// <summary>Ready jobs that have to run alone.</summary>
    public readonly SortedSet<JobRow> Solo = new(RowOrder.ByPriority);

    /// <summary>Jobs that wait for a time.</summary>
    public readonly SortedSet<JobRow> Due = new(RowOrder.ByDue);

    /// <summary>What nodes declare; null when none has yet.</summary>
    public QueueDefinition? Declared { get; private set; }

    /// <summary>An operator's change; null for none.</summary>
    public QueueChange? Change { get; private set; }

    /// <summary>What everything goes by: the declared definition with the change above it.</summary>
    public QueueDefinition? InForce { get; private set; }

    public bool Paused;
    public StateTally Tally;
    public int Ready;
    public int Abandoned;
    public RetryBudget Budget;

    /// <summary>Jobs of this queue for which a node was asked to make room; each keeps a place under <c>max_concurrent</c>.</summary>
    public int Reserved;

    /// <summary>Whether it has all the jobs in processing that it may have.</summary>
    public bool IsFull => Tally.Processing >= (InForce?.MaxConcurrent ?? long.MaxValue);

    /// <summary>How many more jobs may be claimed.</summary>
    public int Room => InForce?.MaxConcurrent is { } max ? Math.Max(0, max - (int)Tally.Processing - Reserved) : int.MaxValue;

    /// <summary>The start tag of what was started last: virtual time.</summary>
    public double Clock;

    /// <summary>How long jobs of a kind take, over all groups, on average.</summary>
    public readonly Dictionary<JobKind, double> Estimates = [];

    /// <summary>Opens when more than half of the groups fail.</summary>
    public BreakerState Outage;

    private long _lastGroup;

    public void Define(QueueDefinition? declared, QueueChange? change)
    {
        (Declared, Change, InForce) = (declared, change, QueueChange.InForce(declared, change));
    }

    public GroupRow GroupNamed(string? group)
    {
        if (group is null)
        {
            return Ungrouped;
        }
        if (!Groups.TryGetValue(group, out var row))
        {
            Groups.Add(group, row = new(this, group, ++_lastGroup) { State = { Tag = Clock } });
        }
        return row;
    }
}

/// <summary>When a queue could not start ready work, and by what. Only changes are written down, and old ones are forgotten.</summary>
internal sealed class BlockBook
{
    /// <summary>A bound on memory: enough for days of pauses and for hours of a busy queue's slots.</summary>
    private const int Kept = 10_000;

    private readonly List<BlockInterval> _open = [];
    private readonly Queue<BlockInterval> _closed = [];

    /// <summary>The first open block of that cause.</summary>
    public BlockInterval? Find(WaitCause cause)
    {
        foreach (var block in _open)
        {
            if (block.Cause == cause)
            {
                return block;
            }
        }
        return null;
    }

    public void Set(WaitCause cause, string key, bool blocked, DateTimeOffset now)
    {
        var at = IndexOf(cause, key);
        if (blocked && at < 0)
        {
            _open.Add(new(cause, key, now, null));
        }
        else if (!blocked && at >= 0)
        {
            Close(at, now);
        }
    }

    public void CloseAll(WaitCause cause, DateTimeOffset now)
    {
        for (var i = _open.Count - 1; i >= 0; i--)
        {
            if (_open[i].Cause == cause)
            {
                Close(i, now);
            }
        }
    }

    public IReadOnlyList<BlockInterval> Between(DateTimeOffset from, DateTimeOffset to) =>
        [.. _closed.Concat(_open).Where(b => b.From <= to && (b.To is null || b.To >= from)).OrderBy(static b => b.From)];

    private void Close(int at, DateTimeOffset now)
    {
        var block = _open[at];
        _open.RemoveAt(at);
        Record(block.Cause, block.Key, block.From, now);
    }

    /// <summary>Writes down a block that is over.</summary>
    public void Record(WaitCause cause, string key, DateTimeOffset from, DateTimeOffset to)
    {
        if (from >= to)
        {
            return;
        }
        _closed.Enqueue(new(cause, key, from, to));
        if (_closed.Count > Kept)
        {
            _closed.Dequeue();
        }
    }

    private int IndexOf(WaitCause cause, string key)
    {
        for (var i = 0; i < _open.Count; i++)
        {
            if (_open[i].Cause == cause && _open[i].Key == key)
            {
                return i;
            }
        }
        return -1;
    }
}
