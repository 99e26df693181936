using System.Data.Common;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Fairlead.Engine;
using Fairlead.Schedules;
using Fairlead.Storage;

namespace Fairlead;

/// <summary>The only door for producers and operators: enqueue, wait, look, cancel, retry, pause. Safe from any thread.</summary>
public sealed class JobClient
{
    private static readonly TimeSpan WaitPoll = TimeSpan.FromMilliseconds(500);
    private readonly IJobStore _store;
    private readonly JobRegistry _registry;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _opening = new(1, 1);
    private volatile bool _open;

    internal JobClient(IJobStore store, JobRegistry registry, TimeProvider time)
    {
        _store = store;
        _registry = registry;
        _time = time;
    }

    /// <summary>The store behind this client.</summary>
    public IJobStore Store => _store;

    /// <summary>Enqueues one job. It is durable when this returns.</summary>
    /// <exception cref="InvalidOperationException">The payload's type is not registered with <c>AddJob</c>.</exception>
    /// <exception cref="ArgumentException">The options or the payload break a rule; the message says which.</exception>
    /// <exception cref="StoreUnavailableException">The store could not be reached; the job may be tried again.</exception>
    public async ValueTask<JobHandle> EnqueueAsync<T>(T job, JobOptions? options = null, CancellationToken cancellationToken = default)
        where T : notnull
    {
        var made = _registry.NewJob(job, options);
        await OpenAsync(cancellationToken);
        return Handle((await _store.EnqueueAsync([made], cancellationToken))[0]);
    }

    /// <summary>Enqueues many jobs, all or none, in one transaction.</summary>
    /// <inheritdoc cref="EnqueueAsync{T}(T, JobOptions?, CancellationToken)" />
    public async ValueTask<IReadOnlyList<JobHandle>> EnqueueManyAsync<T>(IEnumerable<T> jobs, JobOptions? options = null, CancellationToken cancellationToken = default)
        where T : notnull
    {
        NewJob[] made = [.. jobs.Select(job => _registry.NewJob(job, options))];
        await OpenAsync(cancellationToken);
        var answers = await _store.EnqueueAsync(made, cancellationToken);
        return [.. answers.Select(Handle)];
    }

    /// <summary>Enqueues one job inside the caller's own transaction: it exists if and only if the caller commits.</summary>
    /// <exception cref="NotSupportedException">The store has no transactions to join.</exception>
    /// <inheritdoc cref="EnqueueAsync{T}(T, JobOptions?, CancellationToken)" />
    public async ValueTask<JobHandle> EnqueueAsync<T>(T job, JobOptions? options, DbTransaction transaction, CancellationToken cancellationToken = default)
        where T : notnull
    {
        var made = _registry.NewJob(job, options);
        await OpenAsync(cancellationToken);
        return Handle((await Transactional().EnqueueAsync([made], transaction, cancellationToken))[0]);
    }

    /// <summary>Enqueues a batch: a parent job and one job per item, all or nothing.</summary>
    /// <exception cref="ArgumentException">There are no items, or one breaks a rule; the message names it.</exception>
    /// <inheritdoc cref="EnqueueAsync{T}(T, JobOptions?, CancellationToken)" />
    public async ValueTask<JobHandle> EnqueueBatchAsync<T>(IEnumerable<T> items, BatchOptions? options = null, CancellationToken cancellationToken = default)
        where T : notnull
    {
        var batch = NewBatch(items, options ?? new BatchOptions());
        await OpenAsync(cancellationToken);
        return new JobHandle(await _store.EnqueueBatchAsync(batch, cancellationToken));
    }

    /// <summary>Enqueues a batch inside the caller's own transaction.</summary>
    /// <exception cref="NotSupportedException">The store has no transactions to join.</exception>
    /// <inheritdoc cref="EnqueueBatchAsync{T}(IEnumerable{T}, BatchOptions?, CancellationToken)" />
    public async ValueTask<JobHandle> EnqueueBatchAsync<T>(IEnumerable<T> items, BatchOptions? options, DbTransaction transaction, CancellationToken cancellationToken = default)
        where T : notnull
    {
        var batch = NewBatch(items, options ?? new BatchOptions());
        await OpenAsync(cancellationToken);
        return new JobHandle(await Transactional().EnqueueBatchAsync(batch, transaction, cancellationToken));
    }

    /// <summary>The job or batch as it stands; null when there is none.</summary>
    public async ValueTask<Job?> GetAsync(JobId id, CancellationToken cancellationToken = default)
    {
        await OpenAsync(cancellationToken);
        return await _store.GetJobAsync(id, cancellationToken);
    }

    /// <summary>The items of a batch in their order, with their results; only those in <paramref name="status" />, if one is given.</summary>
    public async IAsyncEnumerable<Job> ItemsAsync(JobId batch, JobStatus? status = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await OpenAsync(cancellationToken);
        JobId? cursor = null;
        do
        {
            var page = await _store.ListJobsAsync(new JobQuery { Batch = batch, Status = status, Cursor = cursor, Limit = 1000 }, cancellationToken);
            foreach (var item in page.Jobs)
            {
                yield return item;
            }
            cursor = page.Next;
        }
        while (cursor is not null);
    }

    /// <summary>Waits until the job or batch has ended, however it ended.</summary>
    /// <exception cref="KeyNotFoundException">There is no such job.</exception>
    public async ValueTask<Job> WaitAsync(JobId id, CancellationToken cancellationToken = default)
    {
        await OpenAsync(cancellationToken);
        var bell = new Wakeup(_time);
        using var listening = _store.Listen(signals =>
        {
            if (signals.HasFlag(StoreSignals.Ended))
            {
                bell.Ring();
            }
        });
        while (true)
        {
            var job = await _store.GetJobAsync(id, cancellationToken) ?? throw new KeyNotFoundException($"There is no job {id} in {_store.Description}.");
            if (job.Status.IsEnded())
            {
                return job;
            }
            await bell.WaitAsync(WaitPoll, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Reads a completed job's result.</summary>
    /// <exception cref="KeyNotFoundException">There is no such job.</exception>
    /// <exception cref="InvalidOperationException">It has not completed, or left no result.</exception>
    public async ValueTask<TResult> GetResultAsync<TResult>(JobId id, CancellationToken cancellationToken = default)
    {
        var job = await GetAsync(id, cancellationToken) ?? throw new KeyNotFoundException($"There is no job {id} in {_store.Description}.");
        return ResultOf<TResult>(job);
    }

    /// <summary>Reads the result of a completed job in hand.</summary>
    /// <exception cref="InvalidOperationException">It has not completed, or left no result.</exception>
    public TResult ResultOf<TResult>(Job job)
    {
        if (job.Status != JobStatus.Completed || job.Result.IsEmpty)
        {
            throw new InvalidOperationException($"Job {job.Id} is {job.Status.ToWire()}{(job.Error is null ? "" : $" ({job.Error})")} and has no result.");
        }
        return JsonSerializer.Deserialize<TResult>(job.Result.Span, _registry.Json)!;
    }

    /// <inheritdoc cref="IJobControl.CancelAsync" />
    public async ValueTask<CancelResult?> CancelAsync(JobId id, CancellationToken cancellationToken = default)
    {
        await OpenAsync(cancellationToken);
        return await _store.CancelAsync(id, cancellationToken);
    }

    /// <inheritdoc cref="IJobControl.RetryAsync" />
    public async ValueTask<int?> RetryAsync(JobId id, CancellationToken cancellationToken = default)
    {
        await OpenAsync(cancellationToken);
        return await _store.RetryAsync(id, cancellationToken);
    }

    /// <inheritdoc cref="IJobControl.PauseAsync" />
    public async ValueTask PauseAsync(string queue, CancellationToken cancellationToken = default)
    {
        await OpenAsync(cancellationToken);
        await _store.PauseAsync(queue, cancellationToken);
    }

    /// <inheritdoc cref="IJobControl.ResumeAsync" />
    public async ValueTask ResumeAsync(string queue, CancellationToken cancellationToken = default)
    {
        await OpenAsync(cancellationToken);
        await _store.ResumeAsync(queue, cancellationToken);
    }

    /// <summary>All schedules as they stand, by name: when each is due next, what of it runs, how its latest rounds ended.</summary>
    public async ValueTask<IReadOnlyList<ScheduleRecord>> ListSchedulesAsync(CancellationToken cancellationToken = default)
    {
        await OpenAsync(cancellationToken);
        return await _store.ListSchedulesAsync(cancellationToken);
    }

    /// <summary>Starts a round of a schedule now, paused or not.</summary>
    /// <returns>The round's job; null when the one before still runs and this one starts after it, since the schedule's overlap is <c>queue</c> or <c>replace</c>.</returns>
    /// <exception cref="KeyNotFoundException">There is no such schedule; the message names the nearest.</exception>
    /// <exception cref="InvalidOperationException">The round before still runs, and the schedule leaves out what overlaps; the message names its job.</exception>
    public async ValueTask<JobHandle?> TriggerAsync(string schedule, CancellationToken cancellationToken = default)
    {
        await OpenAsync(cancellationToken);
        var answer = await new ScheduleDesk(_store).TriggerAsync(schedule, cancellationToken);
        return answer.Refused is { } refused ? throw new InvalidOperationException(refused) : answer.Round is { } round ? new JobHandle(round) : null;
    }

    /// <summary>Starts no more rounds of a schedule by time, until it is resumed. What runs goes on.</summary>
    /// <exception cref="KeyNotFoundException">There is no such schedule; the message names the nearest.</exception>
    public async ValueTask PauseScheduleAsync(string schedule, CancellationToken cancellationToken = default)
    {
        await OpenAsync(cancellationToken);
        await new ScheduleDesk(_store).PauseAsync(schedule, cancellationToken);
    }

    /// <summary>Starts rounds of a schedule by time again; times that passed meanwhile are not made up for.</summary>
    /// <exception cref="KeyNotFoundException">There is no such schedule; the message names the nearest.</exception>
    public async ValueTask ResumeScheduleAsync(string schedule, CancellationToken cancellationToken = default)
    {
        await OpenAsync(cancellationToken);
        await new ScheduleDesk(_store).ResumeAsync(schedule, cancellationToken);
    }

    private static JobHandle Handle(EnqueuedJob answer) => new(answer.Id, answer.Existing);

    private ITransactionalIntake Transactional() => _store as ITransactionalIntake ??
        throw new NotSupportedException($"{_store.Description} has no transactions to join; use the SQLite or PostgreSQL store.");

    private NewBatch NewBatch<T>(IEnumerable<T> items, BatchOptions options)
        where T : notnull
    {
        NewJob[] jobs = [.. items.Select(item => _registry.NewJob(item, options.Items))];
        if (jobs.Length == 0)
        {
            throw new ArgumentException("A batch expects at least one item; got none.", nameof(items));
        }
        var queue = _registry.Queue(jobs[0].Queue);
        return new NewBatch
        {
            Name = options.Name,
            Queue = queue.Name,
            Items = jobs,
            Finalize = options.Finally is { } last ? _registry.NewJob(last, null) : null,
            MaxParallel = jobs.Length <= queue.SequentialUpTo ? 1 : options.MaxParallel,
            FailOnError = options.FailOnError,
        };
    }

    private async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        if (_open)
        {
            return;
        }
        await _opening.WaitAsync(cancellationToken);
        try
        {
            await _store.OpenAsync(cancellationToken);
            _open = true;
        }
        finally
        {
            _opening.Release();
        }
    }
}
