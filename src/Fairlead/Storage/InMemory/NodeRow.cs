namespace Fairlead.Storage.InMemory;

/// <summary>A node as the store keeps it.</summary>
internal sealed class NodeRow(NodeId id, NodeRegistration registration, DateTimeOffset now)
{
    public readonly NodeId Id = id;
    public readonly DateTimeOffset JoinedAt = now;
    public readonly SortedSet<JobRow> Running = new(RowOrder.ById);
    public readonly List<AbandonedAttempt> Abandoned = [];

    /// <summary>Permits of numbers at once that were acquired by calls.</summary>
    public readonly List<HeldPermit> Held = [];
    public NodeRegistration Registration = registration;
    public DateTimeOffset HeartbeatAt = now;
    public DateTimeOffset? LeftAt;

    /// <summary>The highest number of any claim or reconciliation of this node.</summary>
    public long LastSequence;

    /// <summary>The number of its last reconciliation.</summary>
    public long Reconciled;

    /// <summary>The job it was asked to make room for.</summary>
    public JobRow? Reserved;

    /// <summary>Its pools as it last reported them, by queue.</summary>
    public IReadOnlyList<PoolReport> Pools = [];

    /// <summary>Its workers that somebody asked to end, as long as its report names them.</summary>
    public readonly SortedSet<string> ToEnd = new(StringComparer.Ordinal);

    /// <summary>Its process is known to be gone, whatever its last heartbeat said.</summary>
    public bool Killed;

    public bool IsMember => LeftAt is null;

    public bool HoldsLease(DateTimeOffset now) => IsMember && !Killed && now - HeartbeatAt < Registration.Lease;

    public bool Serves(string queue) => Registration.Queues.Any(served => served.Definition.Name == queue);

    public bool Declares(string schedule) => Registration.Schedules.Any(declared => declared.Name == schedule);

    public bool Serves(QueueRow queue, JobKind kind)
    {
        foreach (var served in Registration.Queues)
        {
            if (served.Definition.Name == queue.Name && served.Kinds.Contains(kind))
            {
                return true;
            }
        }
        return false;
    }

    public NodeInfo ToInfo() => new()
    {
        Id = Id,
        Name = Registration.Name,
        Slots = Registration.Slots,
        Running = Running.Count,
        JoinedAt = JoinedAt,
        HeartbeatAt = HeartbeatAt,
        LeftAt = LeftAt,
        Serves = Registration.Queues.ToDictionary(static q => q.Definition.Name, static q => q.Kinds, StringComparer.Ordinal),
    };
}
