using Fairlead.Schedules;

namespace Fairlead.Storage;

/// <summary>Names one running Fairlead host inside one store. Never used again.</summary>
/// <param name="Value">The number itself; 1 or more.</param>
public readonly record struct NodeId(long Value)
{
    /// <summary>The number in digits.</summary>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>What a host tells the store when it joins.</summary>
public sealed record NodeRegistration
{
    /// <summary>A name for people, <c>host:pid</c> by default.</summary>
    public required string Name { get; init; }

    /// <summary>The queues it serves, each with the kinds it can run there.</summary>
    public required IReadOnlyList<ServedQueue> Queues { get; init; }

    /// <summary>The limits it declares; its queues may use these, and those that are known already.</summary>
    public IReadOnlyList<NamedLimit> Limits { get; init; } = [];

    /// <summary>The schedules it declares, and whose rounds it starts.</summary>
    public IReadOnlyList<ScheduleDefinition> Schedules { get; init; } = [];

    /// <summary>How many attempts it runs at once.</summary>
    public required int Slots { get; init; }

    /// <summary>How long it may be silent before its work is given to others. Default 8 s.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(8);
}

/// <summary>One queue as a node serves it.</summary>
/// <param name="Definition">What the cluster must agree on.</param>
/// <param name="Kinds">What this node can run there: nothing else is ever claimed for it.</param>
public sealed record ServedQueue(QueueDefinition Definition, IReadOnlyList<JobKind> Kinds);

/// <summary>A node's right to claim.</summary>
/// <param name="Node">Its id; a new one at every join.</param>
/// <param name="Now">The store's time, by which the node sets its idea of it.</param>
public sealed record NodeLease(NodeId Node, DateTimeOffset Now);

/// <summary>The answer to a heartbeat.</summary>
/// <param name="Held">False when the lease was lost: everything this node runs is no longer its own.</param>
/// <param name="Now">The store's time.</param>
/// <param name="Cancel">Attempts of this node whose job somebody asked to cancel; repeated until they end.</param>
/// <param name="Drain">True when somebody asked this node to stop taking work.</param>
public sealed record HeartbeatReply(bool Held, DateTimeOffset Now, IReadOnlyList<AttemptKey> Cancel, bool Drain = false)
{
    /// <summary>How many nodes hold their lease: what a node's safe share is reckoned from while the store is away.</summary>
    public int LiveNodes { get; init; } = 1;

    /// <summary>Queues of this node that pause because more than half of their groups fail: that is rather our own network.</summary>
    public IReadOnlyList<string> Ailing { get; init; } = [];

    /// <summary>Workers of this node that somebody asked to end; repeated until its report no longer names them.</summary>
    public IReadOnlyList<string> EndWorkers { get; init; } = [];

    /// <summary>What is in force for those of this node's queues that an operator changed.</summary>
    public IReadOnlyList<QueueDefinition> Changed { get; init; } = [];
}

/// <summary>A node as operators see it.</summary>
public sealed record NodeInfo
{
    /// <summary>Its id.</summary>
    public required NodeId Id { get; init; }

    /// <summary>Its name for people.</summary>
    public required string Name { get; init; }

    /// <summary>How many attempts it runs at once.</summary>
    public required int Slots { get; init; }

    /// <summary>How many jobs it holds now.</summary>
    public required int Running { get; init; }

    /// <summary>When it joined.</summary>
    public required DateTimeOffset JoinedAt { get; init; }

    /// <summary>When it was last heard of.</summary>
    public required DateTimeOffset HeartbeatAt { get; init; }

    /// <summary>When it left or was found dead; null while it lives.</summary>
    public DateTimeOffset? LeftAt { get; init; }

    /// <summary>The queues it serves or served, each with its kinds.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<JobKind>> Serves { get; init; }
}
