namespace Fairlead.Storage;

/// <summary>What a node asks for.</summary>
public sealed record ClaimRequest
{
    /// <summary>Who asks; it must hold its lease.</summary>
    public required NodeId Node { get; init; }

    /// <summary>Grows with every claim and reconciliation of the node; one that comes late, after a reconciliation with a higher number, gets nothing.</summary>
    public required long Sequence { get; init; }

    /// <summary>At most this many jobs over all queues; 0 from a full node, so that what it leaves is recorded as waiting for its slots.</summary>
    public required int Slots { get; init; }

    /// <summary>The queues in the order in which they are to be served.</summary>
    public required IReadOnlyList<QueueClaim> Queues { get; init; }

    /// <summary>True when the node runs nothing at all: only then may it be given a job that has to run alone.</summary>
    public bool Idle { get; init; }

    /// <summary>Set by the first claim after an outage, by the store's clock: the time from then to now is recorded as kept from running by <c>store</c>, for these queues; their limits wait for what calls may still have reserved by themselves.</summary>
    public DateTimeOffset? StoreAwaySince { get; init; }
}

/// <summary>One queue's part of a claim.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="Kinds">What the node can run there.</param>
/// <param name="Slots">At most this many.</param>
public sealed record QueueClaim(string Queue, IReadOnlyList<JobKind> Kinds, int Slots);

/// <summary>What a node was given.</summary>
public sealed record ClaimResult
{
    /// <summary>The jobs, in the order in which they are to be started.</summary>
    public required IReadOnlyList<ClaimedJob> Jobs { get; init; }

    /// <summary>The store's time.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>When the next scheduled job of these queues comes due, or ready work may run that now lacks a permit or is quarantined; null when there is none.</summary>
    public DateTimeOffset? NextDue { get; init; }

    /// <summary>True when ready work that this node could run was left because slots ran out, the node's or the queue's: claim again when one is free.</summary>
    public bool More { get; init; }

    /// <summary>True when a job that has lost two nodes waits for this node to be empty: take nothing more until it is, then claim with <see cref="ClaimRequest.Idle" />.</summary>
    public bool DrainForSolo { get; init; }
}

/// <summary>A claimed job with everything needed to run it.</summary>
public sealed record ClaimedJob
{
    /// <summary>The job and its fence.</summary>
    public required AttemptKey Key { get; init; }

    /// <summary>Its queue.</summary>
    public required string Queue { get; init; }

    /// <summary>Its kind.</summary>
    public required JobKind Kind { get; init; }

    /// <summary>Its payload.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>1 for the first attempt; attempts that cost nothing (deferred, handed back, node lost) do not move it on.</summary>
    public required int Attempt { get; init; }

    /// <summary>Its priority.</summary>
    public int Priority { get; init; }

    /// <summary>Its group, or null.</summary>
    public string? Group { get; init; }

    /// <summary>The batch it is an item of, or null.</summary>
    public JobId? Batch { get; init; }

    /// <summary>Its place in the batch, from 0; null outside batches.</summary>
    public int? Item { get; init; }

    /// <summary>The job or batch it came from, or null.</summary>
    public JobId? Parent { get; init; }

    /// <summary>Its own attempt timeout; null takes the queue's.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Its own number of retries; null takes the queue's.</summary>
    public int? Retries { get; init; }

    /// <summary>Its own next step; null takes the queue's.</summary>
    public NextStep? Then { get; init; }

    /// <summary>When it must have ended.</summary>
    public required DateTimeOffset Deadline { get; init; }

    /// <summary>The time that a schedule made it for; null for others.</summary>
    public DateTimeOffset? ScheduledFor { get; init; }

    /// <summary>When it was last ready to run.</summary>
    public required DateTimeOffset ReadyAt { get; init; }

    /// <summary>True when it lost two nodes and must run alone on its node.</summary>
    public bool Solo { get; init; }

    /// <summary>W3C <c>traceparent</c> of the producer; null for none.</summary>
    public string? TraceParent { get; init; }
}
