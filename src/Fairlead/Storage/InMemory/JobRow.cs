using Fairlead.Diagnostics;

namespace Fairlead.Storage.InMemory;

/// <summary>A job or batch as the store keeps it. Fields that order an index change only while the row is out of that index.</summary>
internal sealed class JobRow(JobId id, QueueRow queue, JobKind kind)
{
    public readonly JobId Id = id;
    public readonly QueueRow Queue = queue;
    public readonly JobKind Kind = kind;

    public ReadOnlyMemory<byte> Payload;
    public int Priority;
    public string? Group;
    public string? UniqueKey;
    public JobId? Parent;
    public TimeSpan? Timeout;
    public int? Retries;
    public NextStep? Then;
    public string? TraceParent;
    public DateTimeOffset? ScheduledFor;

    public JobStatus Status;
    public bool TimedOut;
    public int Spent;
    public long Fence;
    public int NodesLost;
    public DateTimeOffset EnqueuedAt;
    public DateTimeOffset NotBefore;
    public DateTimeOffset DueAt;
    public WaitCause WaitsFor;
    public DateTimeOffset Deadline;
    public DateTimeOffset DeadlineFrom;
    public DateTimeOffset ReadyAt;
    public DateTimeOffset? StartedAt;
    public DateTimeOffset EndedAt;
    public AttemptOutcome? LastOutcome;
    public string? Error;
    public ReadOnlyMemory<byte> Result;
    public bool CancelRequested;
    public AttemptProgress? Progress;

    /// <summary>Who runs it, nobody when its children are to end it; set if and only if it is processing.</summary>
    public NodeRow? Node;

    /// <summary>The live node that was asked to make room for it.</summary>
    public NodeRow? ReservedFor;

    /// <summary>Its batch, if it is an item.</summary>
    public BatchRow? Batch;
    public int Item;

    /// <summary>Ready, but held back because its batch runs as many items as it may.</summary>
    public bool Parked;

    /// <summary>What makes it a batch.</summary>
    public BatchRow? AsBatch;

    /// <summary>The batch of the children that its latest branching made, and how many were left out.</summary>
    public JobId? Children;
    public int LeftOut;

    /// <summary>Jobs it waited for when it was enqueued, and how many of them have not ended.</summary>
    public List<JobRow>? WaitsOn;
    public int Unmet;

    /// <summary>Jobs that wait for it.</summary>
    public List<JobRow>? Dependents;

    /// <summary>The row of its group, or of the jobs without one; set while it is ready or runs.</summary>
    public GroupRow Fair = null!;

    /// <summary>What its group was charged for the attempt that runs, in seconds; negative for nothing.</summary>
    public double Charged = -1;

    /// <summary>Permits of numbers at once that its attempt holds.</summary>
    public List<HeldPermit>? Holds;

    /// <summary>Keys that its attempts claimed and that nobody has settled or claimed since.</summary>
    public HashSet<KeyRow>? Keys;

    /// <summary>How many of its attempts lost their slot while their code went on.</summary>
    public int Abandoned;

    public readonly List<JobWait> Waits = new(1);
    public readonly List<AttemptRow> Attempts = new(1);
    public List<LogRow>? Log;

    public bool IsSolo => Policies.NodeLoss.IsSolo(NodesLost);

    public bool IsReady => Status == JobStatus.Queued && !Parked;
}

/// <summary>One run as the store keeps it.</summary>
internal sealed class AttemptRow
{
    public int Number;
    public long Fence;
    public NodeId Node;
    public DateTimeOffset ReadyAt;
    public DateTimeOffset ClaimedAt;
    public DateTimeOffset StartedAt;
    public DateTimeOffset? EndedAt;
    public AttemptOutcome? Outcome;
    public string? Error;

    /// <summary>True when its own node said how it ended; false when the store took the job away.</summary>
    public bool Applied;

    /// <summary>True when it left the rest to children.</summary>
    public bool Branched;
}

/// <summary>Code that goes on although its attempt is over.</summary>
internal readonly record struct AbandonedAttempt(JobRow Job, long Fence, NodeRow Node, List<HeldPermit>? Holds);

/// <summary>One line of a log with its place among all lines of the store.</summary>
internal readonly record struct LogRow(long Sequence, JobLogLine Line);

/// <summary>What only a batch has.</summary>
internal sealed class BatchRow
{
    public required JobRow Job;
    public required NewBatch Definition;
    public required ReadOnlyMemory<byte> Memo;
    public required List<JobRow> Items;

    /// <summary>The job that ends with it; null once it has.</summary>
    public JobRow? Owner;
    public Batches.StateTally Tally;
    public int Generation = 1;
    public JobId? FinalizeJob;

    /// <summary>Items that run or are in reach of a claim; never more than <see cref="NewBatch.MaxParallel" />.</summary>
    public int InPlay;

    /// <summary>Ready items for which there was no place, in the order in which they get one.</summary>
    public readonly SortedSet<JobRow> Parked = new(RowOrder.ByPriority);
}
