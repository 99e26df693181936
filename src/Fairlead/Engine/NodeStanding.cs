using Fairlead.Storage;

namespace Fairlead.Engine;

/// <summary>
/// What this process knows of its place in the cluster: kept by its node, asked by whoever needs permits. Without workers there is no
/// node, only the store's clock. Safe from any thread.
/// </summary>
internal sealed class NodeStanding(TimeProvider time)
{
    private long _node;
    private long _sharesFrom = long.MaxValue;
    private int _liveNodes = 1;

    /// <summary>The clock of this process.</summary>
    public TimeProvider Time => time;

    /// <summary>The store's clock as it is known here.</summary>
    public StoreClock Clock { get; } = new(time);

    /// <summary>Whether a node runs, or will run, in this process.</summary>
    public bool RunsWorkers { get; init; }

    /// <summary>The id under which it claims; null while there is none.</summary>
    public NodeId? Node => Interlocked.Read(ref _node) is > 0 and var id ? new NodeId(id) : null;

    /// <summary>How many nodes there were at the last heartbeat.</summary>
    public int LiveNodes => Volatile.Read(ref _liveNodes);

    /// <summary>
    /// From when on, by the store's clock, this node counts among the live ones of everybody's last heartbeat: one lease after it joined.
    /// Null without a node, and where it runs in another process, which uses the share itself.
    /// </summary>
    public DateTimeOffset? SharesFrom => Node is null || IsLent ? null : new DateTimeOffset(Interlocked.Read(ref _sharesFrom), TimeSpan.Zero);

    /// <summary>The node has joined.</summary>
    public void Joined(NodeLease lease, TimeSpan length)
    {
        Interlocked.Exchange(ref _sharesFrom, (lease.Now + length).UtcTicks);
        Interlocked.Exchange(ref _node, lease.Node.Value);
    }

    /// <summary>True in a process of its own that runs attempts for a node in another.</summary>
    public bool IsLent { get; private set; }

    /// <summary>Attempts of this process are of that node, which runs in another.</summary>
    public void Lend(NodeId node)
    {
        IsLent = true;
        Interlocked.Exchange(ref _node, node.Value);
    }

    /// <summary>The node was heard of.</summary>
    public void Heard(int liveNodes) => Volatile.Write(ref _liveNodes, Math.Max(1, liveNodes));

    /// <summary>The node has left, or lost its lease.</summary>
    public void Gone() => Interlocked.Exchange(ref _node, 0);
}
