using Fairlead.Batches;
using Fairlead.Diagnostics;
using Fairlead.Storage;

namespace Fairlead;

/// <summary>A job or batch as it stood at one moment.</summary>
public sealed record Job
{
    /// <summary>Its id.</summary>
    public required JobId Id { get; init; }

    /// <summary>Its queue.</summary>
    public required string Queue { get; init; }

    /// <summary>Its wire name and version; <c>fairlead.batch</c> for a batch.</summary>
    public required JobKind Kind { get; init; }

    /// <summary>Where it stands.</summary>
    public required JobStatus Status { get; init; }

    /// <summary>Its payload, UTF-8 JSON; empty for a batch.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Its priority.</summary>
    public int Priority { get; init; }

    /// <summary>Its group, or null.</summary>
    public string? Group { get; init; }

    /// <summary>Its unique key, or null.</summary>
    public string? UniqueKey { get; init; }

    /// <summary>The batch it is an item of, or null.</summary>
    public JobId? Batch { get; init; }

    /// <summary>Its place in the batch, from 0; null outside batches.</summary>
    public int? Item { get; init; }

    /// <summary>The job or batch it came from, or null.</summary>
    public JobId? Parent { get; init; }

    /// <summary>The time that a schedule made it for; null for others.</summary>
    public DateTimeOffset? ScheduledFor { get; init; }

    /// <summary>The batch of its children, where its attempt made it their parent (<see cref="JobTransition.Branched" />); null for others.</summary>
    public JobId? Children { get; init; }

    /// <summary>How many children were left out because an unfinished job held their unique key.</summary>
    public int ChildrenLeftOut { get; init; }

    /// <summary>Attempts that counted so far, a running one included.</summary>
    public int Attempt { get; init; }

    /// <summary>The fence of its latest claim; 0 when it was never claimed.</summary>
    public long Fence { get; init; }

    /// <summary>How many nodes died while they ran it.</summary>
    public int NodesLost { get; init; }

    /// <summary>When it was enqueued.</summary>
    public required DateTimeOffset EnqueuedAt { get; init; }

    /// <summary>When a scheduled job comes due; else null.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>When it must have ended.</summary>
    public required DateTimeOffset Deadline { get; init; }

    /// <summary>When its latest attempt began; for a batch its first item's; null before.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended; null before.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>How its latest finished attempt ended; null before the first.</summary>
    public AttemptOutcome? LastOutcome { get; init; }

    /// <summary>What went wrong last; null when nothing did.</summary>
    public string? Error { get; init; }

    /// <summary>Its result, UTF-8 JSON; empty for none.</summary>
    public ReadOnlyMemory<byte> Result { get; init; }

    /// <summary>True when somebody asked to cancel it and its attempt has not ended yet.</summary>
    public bool CancelRequested { get; init; }

    /// <summary>Why it does not run; null when it runs or has ended.</summary>
    public WaitReason? Reason { get; init; }

    /// <summary>What the running attempt last reported; null for nothing.</summary>
    public AttemptProgress? Progress { get; init; }

    /// <summary>What only a batch has; null for a job.</summary>
    public BatchState? BatchState { get; init; }
}

/// <summary>How far a running attempt says it has come.</summary>
/// <param name="Processed">Done so far.</param>
/// <param name="Total">Of how many.</param>
public readonly record struct AttemptProgress(long Processed, long Total);

/// <summary>Why a job does not run now.</summary>
/// <param name="Cause">The first cause that applies, in the fixed order.</param>
/// <param name="Key">Which queue, limit, group or job it is about.</param>
/// <param name="Until">When it ends, if that is known.</param>
public readonly record struct WaitReason(WaitCause Cause, string Key, DateTimeOffset? Until);

/// <summary>What only a batch has.</summary>
public sealed record BatchState
{
    /// <summary>Its name, or null.</summary>
    public string? Name { get; init; }

    /// <summary>Its items by status: exact, their sum is always the number of items.</summary>
    public required StateTally Items { get; init; }

    /// <summary>1 at first; each retry of ended items opens the next.</summary>
    public required int Generation { get; init; }

    /// <summary>How many items may be processing at once; null for no limit.</summary>
    public int? MaxParallel { get; init; }

    /// <summary>The finalize job of the latest finished generation; null when there is none yet.</summary>
    public JobId? FinalizeJob { get; init; }

    /// <summary>What its maker kept with it, JSON.</summary>
    public ReadOnlyMemory<byte> Memo { get; init; }
}
