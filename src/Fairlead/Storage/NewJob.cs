namespace Fairlead.Storage;

/// <summary>A job as a producer hands it to a store. All durations are relative, since the store's clock is the one that counts.</summary>
public sealed record NewJob
{
    /// <summary>The queue it goes to; 1 to 200 characters.</summary>
    public required string Queue { get; init; }

    /// <summary>Its wire name and version.</summary>
    public required JobKind Kind { get; init; }

    /// <summary>Its payload, UTF-8 JSON. Size is checked by the client against the queue's <c>max_payload</c>.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>Higher runs first inside its queue (and group); −1000 to 1000, default 0.</summary>
    public int Priority { get; init; }

    /// <summary>Not before this long after it was enqueued; zero or less means at once.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The key that shares fairly inside the queue (account, tenant, domain); null for none.</summary>
    public string? Group { get; init; }

    /// <summary>Unique among the queue's jobs that have not ended; null for none.</summary>
    public string? UniqueKey { get; init; }

    /// <summary>How long one attempt may take; null takes the queue's.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>How long after enqueueing it may still be waiting or running; null takes the default of 7 days.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>How many further attempts follow a failed first one; null takes the queue's.</summary>
    public int? Retries { get; init; }

    /// <summary>Jobs that must complete first. If one of them fails or is cancelled, this job is cancelled with that reason.</summary>
    public IReadOnlyList<JobId> After { get; init; } = [];

    /// <summary>What follows success: its result becomes the next job's payload, in the same transaction; null for nothing.</summary>
    public NextStep? Then { get; init; }

    /// <summary>The job or batch this one came from; null for none.</summary>
    public JobId? Parent { get; init; }

    /// <summary>The time that a schedule made it for; null for others. It says nothing about when it may run.</summary>
    public DateTimeOffset? ScheduledFor { get; init; }

    /// <summary>W3C <c>traceparent</c> of the producer, so that traces join; null for none.</summary>
    public string? TraceParent { get; init; }
}

/// <summary>Where a completed job's result goes on.</summary>
/// <param name="Queue">The queue of the following job.</param>
/// <param name="Kind">Its kind.</param>
public sealed record NextStep(string Queue, JobKind Kind);

/// <summary>A batch as a producer hands it to a store: one parent job, one job per item.</summary>
public sealed record NewBatch
{
    /// <summary>A name by which commands find it; null for none. Names need not be unique: the newest one is found.</summary>
    public string? Name { get; init; }

    /// <summary>The queue the batch is listed under; its items may name their own.</summary>
    public required string Queue { get; init; }

    /// <summary>The items in order; at least one.</summary>
    public required IReadOnlyList<NewJob> Items { get; init; }

    /// <summary>Enqueued exactly once per generation, in the transaction in which the last item ends; null for none.</summary>
    public NewJob? Finalize { get; init; }

    /// <summary>How many items may be processing at once, in the cluster; null for no limit, 1 for one after the other.</summary>
    public int? MaxParallel { get; init; }

    /// <summary>True: a batch with failed items ends <see cref="JobStatus.Failed" />; false (the default): <see cref="JobStatus.Completed" />, with its error count above zero.</summary>
    public bool FailOnError { get; init; }

    /// <summary>True: items whose unique key is held are left out, and counted, instead of being an error.</summary>
    public bool LeaveOutHeld { get; init; }

    /// <summary>Anything its maker wants to find again (the program of a run, say), JSON; empty for none.</summary>
    public ReadOnlyMemory<byte> Memo { get; init; }
}

/// <summary>The answer to one enqueue.</summary>
/// <param name="Id">The job's id.</param>
/// <param name="Existing">True when a job that has not ended already held the unique key: <paramref name="Id" /> is that job, and nothing was added.</param>
public readonly record struct EnqueuedJob(JobId Id, bool Existing);
