using Fairlead.Diagnostics;
using Fairlead.Policies;
using Fairlead.Storage.InMemory;

namespace Fairlead.Storage;

public sealed partial class InMemoryJobStore
{
    /// <inheritdoc />
    public ValueTask<Job?> GetJobAsync(JobId id, CancellationToken cancellationToken = default) =>
        CommitAsync(now => _jobs.Find(id) is { } job ? ToJob(job, now) : null, cancellationToken);

    /// <inheritdoc />
    public ValueTask<JobId?> FindBatchAsync(string name, CancellationToken cancellationToken = default) =>
        CommitAsync<JobId?>(_ => _batchNames.TryGetValue(name, out var named) ? named.Max!.Id : null, cancellationToken);

    /// <inheritdoc />
    public ValueTask<JobPage> ListJobsAsync(JobQuery query, CancellationToken cancellationToken = default) =>
        CommitAsync(now => ListJobs(query, now), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<QueueInfo>> ListQueuesAsync(CancellationToken cancellationToken = default) =>
        CommitAsync(_ => ListQueues(), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<NodeInfo>> ListNodesAsync(CancellationToken cancellationToken = default) =>
        CommitAsync<IReadOnlyList<NodeInfo>>(
            now => [.. _nodes.Values.Where(n => n.LeftAt is null || n.LeftAt > now - NodesKept).Select(static n => n.ToInfo())],
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<NodePool>> ListPoolsAsync(CancellationToken cancellationToken = default) =>
        CommitAsync<IReadOnlyList<NodePool>>(
            _ => [.. _nodes.Values.Where(static node => node.IsMember).SelectMany(static node => node.Pools.Select(pool => new NodePool(node.Id, node.Registration.Name, pool)))],
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<LogPage> ReadLogAsync(JobId job, long after = 0, int limit = 1000, string? contains = null, CancellationToken cancellationToken = default) =>
        CommitAsync(_ => ReadLog(job, after, limit, contains), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<JobTimeline>> GetTimelinesAsync(JobId job, CancellationToken cancellationToken = default) =>
        CommitAsync<IReadOnlyList<JobTimeline>>(_ => [.. Itself(job).Select(ToTimeline)], cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BlockInterval>> GetBlocksAsync(string queue, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken = default) =>
        CommitAsync(_ => _queues.TryGetValue(queue, out var row) ? row.Blocks.Between(from, to) : [], cancellationToken);

    /// <inheritdoc />
    public ValueTask<StoreCounters> GetCountersAsync(CancellationToken cancellationToken = default) =>
        CommitAsync(_ => new StoreCounters(_staleRefused, _nodesLost, _abandoned), cancellationToken);

    /// <summary>A job itself, or the items of a batch.</summary>
    private IEnumerable<JobRow> Itself(JobId id) => _jobs.Find(id) switch
    {
        null => [],
        { AsBatch: { } batch } => batch.Items,
        { } job => [job],
    };

    private JobPage ListJobs(JobQuery query, DateTimeOffset now)
    {
        var rows = Candidates(query).Where(job => Matches(job, query)).Take(query.Limit + 1).ToList();
        var page = rows.Take(query.Limit).Select(job => ToJob(job, now)).ToList();
        return new(page, rows.Count > page.Count ? page[^1].Id : null);
    }

    private IEnumerable<JobRow> Candidates(JobQuery query)
    {
        if (query.Batch is not { } id)
        {
            return _jobs.Walk(query.Cursor, query.NewestFirst).Where(static job => job.Batch is null);
        }
        var items = _jobs.Find(id)?.AsBatch?.Items ?? [];
        return query.NewestFirst
            ? Enumerable.Reverse(items).Where(job => query.Cursor is not { } before || job.Id.Value < before.Value)
            : items.Where(job => query.Cursor is not { } after || job.Id.Value > after.Value);
    }

    private static bool Matches(JobRow job, JobQuery query) =>
        (query.Queue is null || job.Queue.Name == query.Queue)
        && (query.Status is null || job.Status == query.Status)
        && (query.Group is null || job.Group == query.Group)
        && (!query.BatchesOnly || job.AsBatch is not null);

    private IReadOnlyList<QueueInfo> ListQueues()
    {
        var infos = _queueOrder.ConvertAll(static queue => new QueueInfo
        {
            Name = queue.Name,
            Definition = queue.Declared,
            Change = queue.Change,
            Paused = queue.Paused,
            Jobs = queue.Tally,
            Abandoned = queue.Abandoned,
            OldestQueuedAt = OldestReady(queue),
        });
        infos.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return infos;
    }

    private static DateTimeOffset? OldestReady(QueueRow queue)
    {
        DateTimeOffset? oldest = null;
        foreach (var job in queue.Groups.Values.Append(queue.Ungrouped).SelectMany(static group => group.Lanes.Values).SelectMany(static lane => lane).Concat(queue.Solo))
        {
            oldest = oldest is null || job.ReadyAt < oldest ? job.ReadyAt : oldest;
        }
        return oldest;
    }

    private LogPage ReadLog(JobId id, long after, int limit, string? contains)
    {
        var lines = new List<JobLogLine>();
        foreach (var (sequence, line) in Itself(id).SelectMany(static job => job.Log ?? []).Where(line => line.Sequence > after).OrderBy(static line => line.Sequence))
        {
            if (lines.Count == limit)
            {
                break;
            }
            after = sequence;
            if (contains is null || AsciiText.Contains(line.Message, contains))
            {
                lines.Add(line);
            }
        }
        return new(lines, after);
    }

    private static JobTimeline ToTimeline(JobRow job) => new()
    {
        Job = job.Id,
        Queue = job.Queue.Name,
        Kind = job.Kind,
        Group = job.Group,
        Status = job.Status,
        EnqueuedAt = job.EnqueuedAt,
        EndedAt = job.Status.IsEnded() ? job.EndedAt : null,
        ReadyAt = job.IsReady ? job.ReadyAt : null,
        Waits = [.. job.Waits],
        Attempts = job.Attempts.ConvertAll(static a => new JobAttempt
        {
            Attempt = a.Number,
            Fence = a.Fence,
            Node = a.Node,
            ReadyAt = a.ReadyAt,
            ClaimedAt = a.ClaimedAt,
            StartedAt = a.StartedAt,
            EndedAt = a.EndedAt,
            Outcome = a.Outcome,
            Error = a.Error,
        }),
    };

    private Job ToJob(JobRow job, DateTimeOffset now) => new()
    {
        Id = job.Id,
        Queue = job.Queue.Name,
        Kind = job.Kind,
        Status = job.Status,
        Payload = job.Payload,
        Priority = job.Priority,
        Group = job.Group,
        UniqueKey = job.UniqueKey,
        Batch = job.Batch?.Job.Id,
        Item = job.Batch is null ? null : job.Item,
        Parent = job.Parent,
        Attempt = job.Spent + (job.Status == JobStatus.Processing && job.AsBatch is null ? 1 : 0),
        Fence = job.Fence,
        NodesLost = job.NodesLost,
        ScheduledFor = job.ScheduledFor,
        Children = job.Children,
        ChildrenLeftOut = job.LeftOut,
        EnqueuedAt = job.EnqueuedAt,
        DueAt = job.Status == JobStatus.Scheduled ? job.DueAt : null,
        Deadline = job.Deadline,
        StartedAt = job.StartedAt,
        EndedAt = job.Status.IsEnded() ? job.EndedAt : null,
        LastOutcome = job.LastOutcome,
        Error = job.Error,
        Result = job.Result,
        CancelRequested = job.CancelRequested,
        Reason = ReasonOf(job, now),
        Progress = job.Status == JobStatus.Processing ? job.Progress : null,
        BatchState = job.AsBatch is { } batch ? ToState(batch) : null,
    };

    private static BatchState ToState(BatchRow batch) => new()
    {
        Name = batch.Definition.Name,
        Items = batch.Tally,
        Generation = batch.Generation,
        MaxParallel = batch.Definition.MaxParallel,
        FinalizeJob = batch.FinalizeJob,
        Memo = batch.Memo,
    };

    /// <summary>Why a job does not run: the first cause in the fixed order.</summary>
    private WaitReason? ReasonOf(JobRow job, DateTimeOffset now)
    {
        var queue = job.Queue;
        if (job.AsBatch is not null || job.Status == JobStatus.Processing || job.Status.IsEnded())
        {
            return null;
        }
        if (queue.Paused)
        {
            return new(WaitCause.Paused, queue.Name, null);
        }
        if (job.Group is { } name && queue.Groups.TryGetValue(name, out var group) && group.State.Paused)
        {
            return new(WaitCause.Paused, GroupState.KeyOf(queue.Name, name), null);
        }
        if (job.Status == JobStatus.Scheduled && job.DueAt > now)
        {
            return new(job.WaitsFor, queue.Name, job.DueAt);
        }
        if (job.Status == JobStatus.Blocked)
        {
            var other = job.WaitsOn!.Find(static o => o.Status != JobStatus.Completed);
            return new(WaitCause.Blocked, (other ?? job).Id.ToString(), null);
        }
        return FlowReason(job, now) ?? SlotReason(job) ?? NodeReason(job);
    }

    private WaitReason? FlowReason(JobRow job, DateTimeOffset now)
    {
        var queue = job.Queue;
        if (job.Parked)
        {
            return null;
        }
        if (queue.Outage.OpenUntil is { } until && until > now)
        {
            return new(WaitCause.Breaker, queue.Name, until == BreakerState.Forever ? null : until);
        }
        var ofGroup = job.Group is { } name && queue.Groups.TryGetValue(name, out var group) ? group.State.Blocked(queue.InForce, queue.Name, name, now) : null;
        return ofGroup ?? new LimitGate(queue, FindLimit, now).Refusal(job)?.Reason;
    }

    private static WaitReason? SlotReason(JobRow job)
    {
        if (job.Parked)
        {
            return new(WaitCause.Slot, job.Batch!.Job.Id.ToString(), null);
        }
        return job.Queue.Room == 0 ? new(WaitCause.Slot, job.Queue.Name, null) : null;
    }

    private WaitReason NodeReason(JobRow job)
    {
        if (!IsServed(job.Queue, job.Kind))
        {
            return new(WaitCause.NoNode, job.Kind.ToString(), null);
        }
        return job.Queue.Blocks.Find(WaitCause.Slot) is { } full
            ? new(WaitCause.Slot, full.Key, null)
            : new(WaitCause.Start, job.Queue.Name, null);
    }
}
