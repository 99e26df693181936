namespace Fairlead.Storage;

/// <summary>What a node says of the processes of one of its queues. The newest report replaces the one before.</summary>
public sealed record PoolReport
{
    /// <summary>The queue.</summary>
    public required string Queue { get; init; }

    /// <summary>Its label, or its name.</summary>
    public required string Label { get; init; }

    /// <summary>How many processes there may be on this node.</summary>
    public required int Most { get; init; }

    /// <summary>The processes there are, the oldest first.</summary>
    public required IReadOnlyList<WorkerInfo> Workers { get; init; }

    /// <summary>The share of the last minute in which its places had work, from 0 to 1.</summary>
    public double Use { get; init; }

    /// <summary>Jobs that ended here in the last minute.</summary>
    public int JobsPerMinute { get; init; }

    /// <summary>The average time an attempt took, of the last 1000, in seconds; zero when there was none.</summary>
    public double AverageSeconds { get; init; }

    /// <summary>The time that 95 % of the last 1000 attempts stayed below, in seconds.</summary>
    public double P95Seconds { get; init; }

    /// <summary>Processes started in the last minute.</summary>
    public int StartsPerMinute { get; init; }

    /// <summary>Processes that ended in the last minute.</summary>
    public int EndsPerMinute { get; init; }

    /// <summary>Processes started since the node joined.</summary>
    public long Starts { get; init; }

    /// <summary>Why processes ended since the node joined, and how many of each.</summary>
    public IReadOnlyDictionary<WorkerEnd, long> Ends { get; init; } = new Dictionary<WorkerEnd, long>();

    /// <summary>What last went wrong with a process (not with a job); null when nothing did.</summary>
    public string? LastError { get; init; }

    /// <summary>When that was.</summary>
    public DateTimeOffset? LastErrorAt { get; init; }

    /// <summary>Until when nothing is started, because its processes crash again and again; null while they do not.</summary>
    public DateTimeOffset? BacksOffUntil { get; init; }
}

/// <summary>One process of a pool.</summary>
public sealed record WorkerInfo
{
    /// <summary>Its id, unique in the cluster: the queue's label in lower case, the second of its start, and the node: <c>ai_1643234567.3</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Its process id; 0 while it is being started.</summary>
    public required int Pid { get; init; }

    /// <summary>When it was started.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>What it does.</summary>
    public required WorkerState State { get; init; }

    /// <summary>The job it works at; null when it has none.</summary>
    public JobId? Job { get; init; }

    /// <summary>How many jobs it has ended.</summary>
    public long Jobs { get; init; }

    /// <summary>Resident memory of its process group in bytes, as last looked at; null when it was not looked at (only a pool with <c>max_memory</c> looks).</summary>
    public long? MemoryBytes { get; init; }
}

/// <summary>What a process of a pool does.</summary>
public enum WorkerState
{
    /// <summary>It is being started.</summary>
    Starting = 0,

    /// <summary>It waits for a job.</summary>
    Idle = 1,

    /// <summary>It works at a job.</summary>
    Busy = 2,

    /// <summary>It gets no further job, or is being ended.</summary>
    Ending = 3,
}

/// <summary>Why a process of a pool ended.</summary>
public enum WorkerEnd
{
    /// <summary>Its one job ended (<c>protocol: job</c>).</summary>
    JobEnded = 0,

    /// <summary>It ended by itself between two jobs, with exit code 0.</summary>
    Left = 1,

    /// <summary>It died, or left, while it had a job, or with another exit code.</summary>
    Crashed = 2,

    /// <summary>Its job ran into its timeout.</summary>
    TimedOut = 3,

    /// <summary>It had lived for its queue's <c>max_runtime</c>.</summary>
    MaxRuntime = 4,

    /// <summary>It had done its queue's <c>max_jobs</c>.</summary>
    MaxJobs = 5,

    /// <summary>It held more than its queue's <c>max_memory</c>.</summary>
    MaxMemory = 6,

    /// <summary>It had no job for its queue's <c>idle_timeout</c>, or there were more than are allowed by now.</summary>
    Idle = 7,

    /// <summary>Its job was cancelled and it did not listen.</summary>
    Cancelled = 8,

    /// <summary>An operator asked for it.</summary>
    Ended = 9,

    /// <summary>Its node stopped, its configuration changed, or its warden died.</summary>
    NodeStopped = 10,

    /// <summary>It could not be started.</summary>
    NotStarted = 11,
}

/// <summary>The pool of one queue on one node.</summary>
/// <param name="Node">The node.</param>
/// <param name="NodeName">That node's name.</param>
/// <param name="Pool">The pool as last reported.</param>
public sealed record NodePool(NodeId Node, string NodeName, PoolReport Pool);
