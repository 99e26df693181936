using Fairlead.Diagnostics;
using Fairlead.Storage.InMemory;

namespace Fairlead.Storage;

public sealed partial class InMemoryJobStore
{
    private static readonly TimeSpan DefaultDeadline = TimeSpan.FromDays(7);
    private static readonly JobKind BatchKind = new("fairlead.batch");

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken = default) =>
        CommitAsync(now => Enqueue(jobs, now), cancellationToken);

    /// <inheritdoc />
    public ValueTask<JobId> EnqueueBatchAsync(NewBatch batch, CancellationToken cancellationToken = default) =>
        CommitAsync(now => EnqueueBatch(batch, now), cancellationToken);

    private IReadOnlyList<EnqueuedJob> Enqueue(IReadOnlyList<NewJob> jobs, DateTimeOffset now)
    {
        foreach (var job in jobs)
        {
            RequireAfter(job);
        }
        var answers = new EnqueuedJob[jobs.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            answers[i] = Add(jobs[i], now);
        }
        return answers;
    }

    private JobId EnqueueBatch(NewBatch definition, DateTimeOffset now)
    {
        definition = definition with { Items = [.. definition.Items.Select(WithKeys)] };
        definition = definition.LeaveOutHeld ? WithoutHeld(definition) : definition;
        RequireItems(definition);
        return AddBatch(definition, null, now);
    }

    private JobId AddBatch(NewBatch definition, JobRow? owner, DateTimeOffset now)
    {
        var header = new JobRow(_jobs.NextId(), QueueNamed(definition.Queue), BatchKind) { Status = JobStatus.Queued, EnqueuedAt = now, Parent = owner?.Id };
        var batch = new BatchRow
        {
            Job = header,
            Definition = definition,
            Memo = definition.Memo.ToArray(),
            Items = new(definition.Items.Count),
            Owner = owner,
        };
        if (owner is not null)
        {
            // At once: a child that waits in vain may end it before the last one is added.
            owner.Children = header.Id;
        }
        header.AsBatch = batch;
        _jobs.Add(header);
        NameBatch(definition.Name, header);
        foreach (var item in definition.Items)
        {
            Add(item, now, batch);
        }
        header.Deadline = batch.Items.Max(static i => i.Deadline);
        return header.Id;
    }

    private void NameBatch(string? name, JobRow header)
    {
        if (name is null)
        {
            return;
        }
        if (!_batchNames.TryGetValue(name, out var named))
        {
            _batchNames.Add(name, named = new(RowOrder.ById));
        }
        named.Add(header);
    }

    private void RequireItems(NewBatch batch)
    {
        if (batch.Items.Count == 0)
        {
            throw new ArgumentException($"A batch needs at least one item; this one has none{(batch.LeaveOutHeld ? " whose unique key is free" : "")}.", nameof(batch));
        }
        var keys = new HashSet<(string, string)>();
        for (var i = 0; i < batch.Items.Count; i++)
        {
            var item = batch.Items[i];
            RequireAfter(item);
            if (item.UniqueKey is { } key && (!keys.Add((item.Queue, key)) || _uniqueKeys.ContainsKey((item.Queue, key))))
            {
                throw new ArgumentException($"Item {i} cannot be added: its unique key '{key}' is held by another job of queue '{item.Queue}'.", nameof(batch));
            }
        }
    }

    private void RequireAfter(NewJob job)
    {
        foreach (var id in job.After)
        {
            if (_jobs.Find(id) is null)
            {
                throw new ArgumentException($"A job cannot wait for job {id}: there is no such job.", nameof(job));
            }
        }
    }

    private EnqueuedJob Add(NewJob job, DateTimeOffset now, BatchRow? batch = null, JobId? parent = null)
    {
        job = WithKeys(job);
        var queue = QueueNamed(job.Queue);
        if (job.UniqueKey is { } key && _uniqueKeys.TryGetValue((job.Queue, key), out var holder))
        {
            return new(holder.Id, true);
        }
        var row = NewRow(job, queue, now, parent);
        if (row.UniqueKey is not null)
        {
            _uniqueKeys.Add((queue.Name, row.UniqueKey), row);
        }
        if (batch is not null)
        {
            (row.Batch, row.Item, row.Parent) = (batch, batch.Items.Count, row.Parent ?? batch.Job.Id);
            batch.Items.Add(row);
        }
        _jobs.Add(row);
        _deadlines.Add(row);
        Count(row, 1);
        Place(row, job.After, now);
        return new(row.Id, false);
    }

    private NewJob WithKeys(NewJob job) => NewJobRules.WithKeys(job, _queues.GetValueOrDefault(job.Queue)?.InForce);

    private JobRow NewRow(NewJob job, QueueRow queue, DateTimeOffset now, JobId? parent)
    {
        NoteKind(queue, job.Kind, now);
        return new(_jobs.NextId(), queue, job.Kind)
        {
            Status = JobStatus.Blocked,
            Payload = Kept(job.Payload),
            Priority = job.Priority,
            Group = job.Group,
            UniqueKey = job.UniqueKey,
            Parent = parent ?? job.Parent,
            Timeout = job.Timeout,
            Retries = job.Retries,
            Then = job.Then,
            TraceParent = job.TraceParent,
            ScheduledFor = job.ScheduledFor,
            EnqueuedAt = now,
            DeadlineFrom = now,
            NotBefore = job.Delay > TimeSpan.Zero ? now + job.Delay : now,
            Deadline = now + (job.Deadline ?? queue.InForce?.Deadline ?? DefaultDeadline),
        };
    }

    /// <summary>Where a new job begins: blocked, scheduled, ready, or at its end when it waits in vain.</summary>
    private void Place(JobRow row, IReadOnlyList<JobId> after, DateTimeOffset now)
    {
        if (after.Count > 0 && WaitFor(row, after) is { } inVain)
        {
            End(row, JobStatus.Cancelled, inVain, now);
        }
        else if (row.Unmet > 0)
        {
            OpenWait(row, WaitCause.Blocked, now);
        }
        else
        {
            ScheduleOrMakeReady(row, now);
        }
    }

    /// <summary>Notes what a job waits for; says why when it waits in vain.</summary>
    private string? WaitFor(JobRow row, IReadOnlyList<JobId> after)
    {
        row.WaitsOn = [];
        foreach (var id in after.Distinct())
        {
            if (_jobs.Find(id) is not { } other)
            {
                return InVain(id, "does not exist");
            }
            if (other.Status is JobStatus.Failed or JobStatus.Cancelled)
            {
                return InVain(id, other.Status.ToWire());
            }
            if (other.Status != JobStatus.Completed)
            {
                row.WaitsOn.Add(other);
            }
        }
        foreach (var other in row.WaitsOn)
        {
            (other.Dependents ??= []).Add(row);
        }
        row.Unmet = row.WaitsOn.Count;
        return null;
    }

    /// <summary>The caller may use its buffer again.</summary>
    private static ReadOnlyMemory<byte> Kept(ReadOnlyMemory<byte> bytes) => bytes.IsEmpty ? default : bytes.ToArray();
}
