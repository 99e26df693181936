using Fairlead.Batches;
using Fairlead.Storage;

namespace Fairlead.Testing.Simulation;

/// <summary>A job as the auditor believes it to be.</summary>
internal sealed class ShadowJob(JobId id, string queue)
{
    public readonly JobId Id = id;
    public readonly string Queue = queue;
    public readonly List<ShadowJob> Unmet = [];
    public readonly List<ShadowJob> Dependents = [];
    public readonly List<(long Fence, NodeId Node, AttemptOutcome Outcome)> Applied = [];
    public readonly List<(long Fence, NodeId Node)> Abandoned = [];

    public NewJob? Spec;
    public JobKind Kind;
    public JobStatus Status;
    public bool TimedOut;
    public long Fence;
    public ShadowNode? Holder;
    public int Spent;
    public int NodesLost;
    public bool CancelRequested;
    public DateTimeOffset CancelAt;
    public DateTimeOffset ClaimedAt;
    public DateTimeOffset DueAt;
    public DateTimeOffset WaitingSince;
    public DateTimeOffset Deadline;
    public TimeSpan DeadlineLength;
    public ShadowBatch? Batch;
    public ShadowBatch? AsBatch;

    /// <summary>The children that are to end it.</summary>
    public ShadowBatch? Children;

    public bool Ended => Status.IsEnded();

    public bool Waits => Status is JobStatus.Scheduled or JobStatus.Queued;
}

/// <summary>A batch as the auditor believes it to be.</summary>
internal sealed class ShadowBatch(ShadowJob header, NewBatch definition)
{
    public readonly ShadowJob Header = header;
    public readonly NewBatch Definition = definition;
    public readonly List<ShadowJob> Items = [];
    public StateTally Tally;
    public int Generation = 1;
    public int Finalized;
    public bool Touched;

    /// <summary>The job that ends with it; null once it has.</summary>
    public ShadowJob? Owner;
}

/// <summary>One life of a node as the auditor believes it to be.</summary>
internal sealed class ShadowNode(NodeId id, SimulatedNode owner, NodeRegistration registration, DateTimeOffset now)
{
    public readonly NodeId Id = id;
    public readonly SimulatedNode Owner = owner;
    public readonly NodeRegistration Registration = registration;
    public readonly HashSet<ShadowJob> Running = [];
    public DateTimeOffset HeartbeatAt = now;
    public bool IsMember = true;
    public long LastSequence;
    public long Reconciled;

    public bool HoldsLease(DateTimeOffset now) => IsMember && now - HeartbeatAt < Registration.Lease;
}
