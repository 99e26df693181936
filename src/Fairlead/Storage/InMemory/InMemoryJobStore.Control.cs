using Fairlead.Diagnostics;
using Fairlead.Storage.InMemory;

namespace Fairlead.Storage;

public sealed partial class InMemoryJobStore
{
    /// <inheritdoc />
    public ValueTask PauseAsync(string queue, CancellationToken cancellationToken = default) =>
        CommitAsync(now => SetPaused(QueueNamed(queue), true, now), cancellationToken);

    /// <inheritdoc />
    public ValueTask ResumeAsync(string queue, CancellationToken cancellationToken = default) =>
        CommitAsync(now => SetPaused(QueueNamed(queue), false, now), cancellationToken);

    /// <inheritdoc />
    public ValueTask<QueueDefinition?> ChangeQueueAsync(string queue, QueueChange? change, CancellationToken cancellationToken = default) =>
        CommitAsync(now => ChangeQueue(queue, change, now), cancellationToken);

    /// <inheritdoc />
    public ValueTask<int> EndWorkersAsync(string? worker, CancellationToken cancellationToken = default) =>
        CommitAsync(_ => EndWorkers(worker), cancellationToken);

    /// <inheritdoc />
    public ValueTask<CancelResult?> CancelAsync(JobId job, CancellationToken cancellationToken = default) =>
        CommitAsync(now => Cancel(job, now), cancellationToken);

    /// <inheritdoc />
    public ValueTask<int?> RetryAsync(JobId job, CancellationToken cancellationToken = default) =>
        CommitAsync(now => Retry(job, now), cancellationToken);

    private void SetPaused(QueueRow queue, bool paused, DateTimeOffset now)
    {
        queue.Paused = paused;
        queue.Blocks.Set(WaitCause.Paused, queue.Name, paused, now);
        Signal(paused ? StoreSignals.Control : StoreSignals.Control | StoreSignals.Work);
    }

    private QueueDefinition? ChangeQueue(string name, QueueChange? change, DateTimeOffset now)
    {
        if (change?.Problems(name).FirstOrDefault() is { } problem)
        {
            throw new ArgumentException(problem, nameof(change));
        }
        if (!_queues.TryGetValue(name, out var queue) || queue.Declared is not { } declared)
        {
            return null;
        }
        Define(queue, declared, QueueChange.Over(queue.Change, change), now);
        Signal(StoreSignals.Control | StoreSignals.Work);
        return queue.InForce;
    }

    private int EndWorkers(string? wanted)
    {
        var asked = 0;
        foreach (var node in _nodes.Values.Where(static node => node.IsMember))
        {
            foreach (var worker in WorkersOf(node).Where(worker => wanted is null || worker == wanted))
            {
                node.ToEnd.Add(worker);
                asked++;
            }
        }
        Signal(asked > 0 ? StoreSignals.Control : StoreSignals.None);
        return asked;
    }

    private CancelResult? Cancel(JobId id, DateTimeOffset now)
    {
        if (_jobs.Find(id) is not { } job)
        {
            return null;
        }
        var before = _cancelled;
        var running = CancelAll(job, now);
        Signal(StoreSignals.Control);
        return new((int)(_cancelled - before), running);
    }

    /// <summary>Cancels what waits and marks what runs: a job, the items of a batch, the children of a parent. A loop: there may be parents under parents.</summary>
    /// <returns>How many run.</returns>
    private int CancelAll(JobRow first, DateTimeOffset now)
    {
        var marked = new List<JobRow>();
        for (var rest = new Queue<JobRow>([first]); rest.TryDequeue(out var job);)
        {
            if (job.AsBatch is { } batch)
            {
                job.CancelRequested = !job.Status.IsEnded();
                batch.Items.ForEach(rest.Enqueue);
            }
            else if (job.Status == JobStatus.Processing)
            {
                job.CancelRequested = true;
                marked.Add(job);
                if (IsCarried(job))
                {
                    rest.Enqueue(_jobs.Find(job.Children!.Value)!);
                }
            }
            else if (!job.Status.IsEnded())
            {
                End(job, JobStatus.Cancelled, "Cancelled before it ran.", now);
            }
        }
        return marked.Count(static job => job.Status == JobStatus.Processing);
    }

    private int? Retry(JobId id, DateTimeOffset now)
    {
        if (_jobs.Find(id) is not { } job)
        {
            return null;
        }
        if (job.AsBatch is { } whole)
        {
            return RetryItems(whole, whole.Items, now);
        }
        if (job.Batch is { } batch)
        {
            return RetryItems(batch, [job], now);
        }
        if (!MayRetry(job))
        {
            return 0;
        }
        EndedLike(job).Remove(job);
        Renew(job, now);
        return 1;
    }

    private int RetryItems(BatchRow batch, List<JobRow> items, DateTimeOffset now)
    {
        var again = items.FindAll(MayRetry);
        if (again.Count == 0)
        {
            return 0;
        }
        var header = batch.Job;
        if (header.Status.IsEnded())
        {
            EndedLike(header).Remove(header);
        }
        header.Status = header.StartedAt is null ? JobStatus.Queued : JobStatus.Processing;
        header.CancelRequested = false;
        batch.Generation++;
        foreach (var item in again)
        {
            Renew(item, now);
        }
        header.Deadline = batch.Items.Max(static i => i.Deadline);
        return again.Count;
    }

    private bool MayRetry(JobRow job) => job.Status is JobStatus.Failed or JobStatus.Cancelled
        && (job.UniqueKey is null || !_uniqueKeys.TryGetValue((job.Queue.Name, job.UniqueKey), out var holder) || holder == job);

    /// <summary>As on its first day: all its retries, and its deadline as long as it was.</summary>
    private void Renew(JobRow job, DateTimeOffset now)
    {
        job.Spent = 0;
        job.Result = default;
        job.Deadline = now + (job.Deadline - job.DeadlineFrom);
        job.DeadlineFrom = now;
        _deadlines.Add(job);
        if (job.UniqueKey is { } key)
        {
            _uniqueKeys[(job.Queue.Name, key)] = job;
        }
        MakeReady(job, now);
    }
}
