namespace Fairlead;

/// <summary>What one job may say for itself; everything left out is its queue's.</summary>
public sealed record JobOptions
{
    /// <summary>Another queue than the one its kind is registered with.</summary>
    public string? Queue { get; init; }

    /// <summary>Higher runs first inside its queue (and group); −1000 to 1000, default 0.</summary>
    public int Priority { get; init; }

    /// <summary>Not before this long after it was enqueued.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The key that shares fairly inside the queue (account, tenant, domain).</summary>
    public string? Group { get; init; }

    /// <summary>Unique among the queue's jobs that have not ended: a second enqueue answers with the first job.</summary>
    public string? UniqueKey { get; init; }

    /// <summary>How long one attempt may take.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>How long after enqueueing it may still be waiting or running.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>How many further attempts follow a failed first one.</summary>
    public int? Retries { get; init; }

    /// <summary>Jobs or batches that must complete first; if one fails or is cancelled, this job is cancelled.</summary>
    public IReadOnlyList<JobId> After { get; init; } = [];

    /// <summary>The name of the job that follows success with this one's result as its payload.</summary>
    public string? Then { get; init; }
}

/// <summary>What a batch may say for itself.</summary>
public sealed record BatchOptions
{
    /// <summary>A name by which commands find it.</summary>
    public string? Name { get; init; }

    /// <summary>A job that is enqueued exactly once when the last item has ended, however it ended; its <c>context.Job.Parent</c> is the batch.</summary>
    public object? Finally { get; init; }

    /// <summary>How many items may be processing at once in the cluster; null for no limit beyond the queue's.</summary>
    public int? MaxParallel { get; init; }

    /// <summary>True: failed items make the batch fail; false (the default): it completes with an error count.</summary>
    public bool FailOnError { get; init; }

    /// <summary>What holds for each item.</summary>
    public JobOptions? Items { get; init; }
}

/// <summary>The answer to an enqueue.</summary>
/// <param name="Id">The job or batch.</param>
/// <param name="Existing">True when a job that has not ended already held the unique key: it is that job, and nothing was added.</param>
public readonly record struct JobHandle(JobId Id, bool Existing = false);
