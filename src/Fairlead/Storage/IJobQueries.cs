using Fairlead.Batches;
using Fairlead.Diagnostics;

namespace Fairlead.Storage;

/// <summary>What readers ask of a store. Every answer is one consistent moment.</summary>
public interface IJobQueries
{
    /// <summary>A job or batch with everything known about it; null when there is none (never was, or pruned).</summary>
    ValueTask<Job?> GetJobAsync(JobId id, CancellationToken cancellationToken = default);

    /// <summary>The newest batch of that name; null when there is none.</summary>
    ValueTask<JobId?> FindBatchAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Jobs in order of id, items of batches only where <see cref="JobQuery.Batch" /> names their batch.</summary>
    ValueTask<JobPage> ListJobsAsync(JobQuery query, CancellationToken cancellationToken = default);

    /// <summary>Every queue that was ever used or declared, by name.</summary>
    ValueTask<IReadOnlyList<QueueInfo>> ListQueuesAsync(CancellationToken cancellationToken = default);

    /// <summary>Live nodes, and those that left or died within the last hour.</summary>
    ValueTask<IReadOnlyList<NodeInfo>> ListNodesAsync(CancellationToken cancellationToken = default);

    /// <summary>The pools of live nodes as they last reported them, by node and queue.</summary>
    ValueTask<IReadOnlyList<NodePool>> ListPoolsAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// The log of a job, or of all items of a batch, in order; only lines that contain <paramref name="contains" />, whatever the case of
    /// ASCII letters, where it is given. <see cref="LogPage.Next" /> is behind the last line that was looked at.
    /// </summary>
    ValueTask<LogPage> ReadLogAsync(JobId job, long after = 0, int limit = 1000, string? contains = null, CancellationToken cancellationToken = default);

    /// <summary>The recorded life of a job, or of every item of a batch, from which an explanation is added up.</summary>
    ValueTask<IReadOnlyList<JobTimeline>> GetTimelinesAsync(JobId job, CancellationToken cancellationToken = default);

    /// <summary>When the queue was kept from starting ready work between two moments, and by what; still open ones end with null.</summary>
    ValueTask<IReadOnlyList<BlockInterval>> GetBlocksAsync(string queue, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken = default);

    /// <summary>Counters since the store was made.</summary>
    ValueTask<StoreCounters> GetCountersAsync(CancellationToken cancellationToken = default);
}

/// <summary>Which jobs to list. Everything that is set must hold.</summary>
public sealed record JobQuery
{
    /// <summary>Only this queue.</summary>
    public string? Queue { get; init; }

    /// <summary>Only this status.</summary>
    public JobStatus? Status { get; init; }

    /// <summary>Only this group.</summary>
    public string? Group { get; init; }

    /// <summary>Only items of this batch.</summary>
    public JobId? Batch { get; init; }

    /// <summary>Only batches.</summary>
    public bool BatchesOnly { get; init; }

    /// <summary>True: newest first.</summary>
    public bool NewestFirst { get; init; }

    /// <summary>Where the last page ended; null for the first page.</summary>
    public JobId? Cursor { get; init; }

    /// <summary>At most this many; 1 to 1000, default 100.</summary>
    public int Limit { get; init; } = 100;
}

/// <summary>One page of jobs.</summary>
/// <param name="Jobs">The jobs.</param>
/// <param name="Next">The cursor of the next page; null when this was the last.</param>
public sealed record JobPage(IReadOnlyList<Job> Jobs, JobId? Next);

/// <summary>One page of a log.</summary>
/// <param name="Lines">The lines in order.</param>
/// <param name="Next">What to pass as <c>after</c> for the lines that follow.</param>
public sealed record LogPage(IReadOnlyList<JobLogLine> Lines, long Next);

/// <summary>A queue as operators see it.</summary>
public sealed record QueueInfo
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its declared definition; null when no node has declared it yet.</summary>
    public QueueDefinition? Definition { get; init; }

    /// <summary>What is in force: the definition with an operator's change above it; null when no node has declared it yet.</summary>
    public QueueDefinition? InForce => QueueChange.InForce(Definition, Change);

    /// <summary>What an operator changed; null when nothing.</summary>
    public QueueChange? Change { get; init; }

    /// <summary>True while it is paused.</summary>
    public required bool Paused { get; init; }

    /// <summary>Its jobs by status, exact: items of batches count, the batches themselves do not.</summary>
    public required StateTally Jobs { get; init; }

    /// <summary>Attempts that lost their slot and still run.</summary>
    public required int Abandoned { get; init; }

    /// <summary>Since when its longest-waiting queued job has been ready; null when none waits.</summary>
    public DateTimeOffset? OldestQueuedAt { get; init; }
}

/// <summary>The recorded life of one job.</summary>
public sealed record JobTimeline
{
    /// <summary>The job.</summary>
    public required JobId Job { get; init; }

    /// <summary>Its queue.</summary>
    public required string Queue { get; init; }

    /// <summary>Its kind.</summary>
    public required JobKind Kind { get; init; }

    /// <summary>Its group, or null.</summary>
    public string? Group { get; init; }

    /// <summary>Where it stands.</summary>
    public required JobStatus Status { get; init; }

    /// <summary>When it was enqueued.</summary>
    public required DateTimeOffset EnqueuedAt { get; init; }

    /// <summary>When it ended; null when it has not.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Since when it has been ready, while it is <see cref="JobStatus.Queued" /> and not held by its batch; else null.</summary>
    public DateTimeOffset? ReadyAt { get; init; }

    /// <summary>Its own waits (a time, a retry, other jobs, its place in the batch) in order; an open one ends with null.</summary>
    public required IReadOnlyList<JobWait> Waits { get; init; }

    /// <summary>Its attempts in order, a running one included.</summary>
    public required IReadOnlyList<JobAttempt> Attempts { get; init; }
}

/// <summary>One recorded wait of one job.</summary>
/// <param name="Cause">What it is put down to.</param>
/// <param name="From">Its beginning.</param>
/// <param name="To">Its end; null while it lasts.</param>
public readonly record struct JobWait(WaitCause Cause, DateTimeOffset From, DateTimeOffset? To);

/// <summary>One run of a job, as recorded.</summary>
public sealed record JobAttempt
{
    /// <summary>The attempt's number, counted as <see cref="ClaimedJob.Attempt" /> is.</summary>
    public required int Attempt { get; init; }

    /// <summary>Its fence.</summary>
    public required long Fence { get; init; }

    /// <summary>The node that ran it.</summary>
    public required NodeId Node { get; init; }

    /// <summary>When the job had become ready.</summary>
    public required DateTimeOffset ReadyAt { get; init; }

    /// <summary>When it was claimed.</summary>
    public required DateTimeOffset ClaimedAt { get; init; }

    /// <summary>When it began to run; the claim's time while it runs.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ended; null while it runs.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>How it ended; null while it runs.</summary>
    public AttemptOutcome? Outcome { get; init; }

    /// <summary>What went wrong; null when nothing did.</summary>
    public string? Error { get; init; }
}

/// <summary>A recorded stretch of time in which a queue could not start ready work.</summary>
/// <param name="Cause">By what: paused, breaker, group, limit, slot, no_node or store.</param>
/// <param name="Key">
/// Which one: the queue's name for its pause, its breaker and its slots, a node's id for slots of a node and for an outage, the kind for no_node,
/// the limit's name, the group's name for its number at once, <c>queue/group</c> for a group's pause and breaker, <c>limit/group</c> where each group has its own.
/// </param>
/// <param name="From">Its beginning.</param>
/// <param name="To">Its end; null while it lasts.</param>
public readonly record struct BlockInterval(WaitCause Cause, string Key, DateTimeOffset From, DateTimeOffset? To);

/// <summary>Counters of a store since it was made.</summary>
/// <param name="StaleRefused">Results that came from attempts which no longer held their job.</param>
/// <param name="NodesLost">Nodes that were found dead.</param>
/// <param name="Abandoned">Attempts that lost their slot while their code went on.</param>
public sealed record StoreCounters(long StaleRefused, long NodesLost, long Abandoned);
