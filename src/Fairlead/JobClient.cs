using System.Data.Common;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Fairlead.Batches;
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

    /// <summary>
    /// Takes keys once, outside of jobs: looks which were not seen before and keeps them, in one step, without a race. Inside a job
    /// <see cref="JobContext.Once(IEnumerable{string}, string?, TimeSpan?, CancellationToken)" /> gives back what its attempt does not bring to its end.
    /// </summary>
    /// <param name="scope">What the keys belong to, 1 to 200 characters; a job's kind is the default of the keys its attempts claim.</param>
    /// <param name="keys">Each 1 to 1000 characters.</param>
    /// <param name="keep">How long they are remembered, more than zero; by default 30 days. Then they are new again.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <returns>The new ones, in their order.</returns>
    /// <exception cref="ArgumentException">A key, the scope or the time breaks a rule; the message says which.</exception>
    /// <exception cref="StoreUnavailableException">The store could not be reached.</exception>
    public async ValueTask<IReadOnlyList<string>> OnceAsync(string scope, IEnumerable<string> keys, TimeSpan? keep = null, CancellationToken cancellationToken = default)
    {
        var claim = new KeyClaim { Scope = scope, Keys = [.. keys.Distinct(StringComparer.Ordinal)], Keep = keep ?? KeyClaim.DefaultKeep };
        var answers = await ClaimKeysAsync(claim, cancellationToken);
        return [.. claim.Keys.Where((_, i) => answers[i] == KeyAnswer.New)];
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

    /// <summary>
    /// Follows a batch while it is worked on, to push its progress to a table or a page: yields its state as it stands, then each time that
    /// another <paramref name="every" /> items have ended, and at last, always, the state in which it has ended. States that come while the
    /// caller is busy with one are passed over for the newest; the counters of each are exact. Of a job, the items are what its attempt
    /// reports with <see cref="JobContext.ReportProgress" />. A watch may be begun anew at any time, so a program that was restarted misses nothing.
    /// </summary>
    /// <param name="id">The batch or job.</param>
    /// <param name="every">How many items lie between two states, at least; 1 or more. Counted from 0: with 10, at 10, 20, 30, …</param>
    /// <param name="cancellationToken">Ends the watching.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="every" /> is less than 1.</exception>
    /// <exception cref="KeyNotFoundException">There is no such job; thrown by the first step.</exception>
    public IAsyncEnumerable<Job> WatchAsync(JobId id, int every = 1, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(every, 1);
        return FollowAsync(id, every, cancellationToken);
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

    /// <summary>Claims keys, if there are any.</summary>
    internal async ValueTask<IReadOnlyList<KeyAnswer>> ClaimKeysAsync(KeyClaim claim, CancellationToken cancellationToken)
    {
        if (claim.Keys.Count == 0)
        {
            return [];
        }
        await OpenAsync(cancellationToken);
        return await _store.ClaimKeysAsync(claim, cancellationToken);
    }

    private async IAsyncEnumerable<Job> FollowAsync(JobId id, int every, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await OpenAsync(cancellationToken);
        await foreach (var job in new ProgressWatch(_store, _time).FollowAsync(id, every, cancellationToken))
        {
            yield return job;
        }
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
