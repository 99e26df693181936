using Fairlead.Storage;

namespace Fairlead.Testing.Simulation;

/// <summary>
/// Holds every answer of the store, and everything the nodes do, against its own idea of the cluster: a second, much smaller
/// implementation of the guarantees, which looks into the store after every step. The first thing that does not fit ends the run.
/// </summary>
internal sealed partial class Auditor(TimeProvider time, IJobStore store, Journal journal, PlanBook plans)
{
    private const int FullLookEvery = 64;
    private const int MostAtOnce = 5000;
    private readonly Dictionary<long, ShadowJob> _jobs = [];
    private readonly List<ShadowJob> _inOrder = [];
    private readonly SortedDictionary<long, ShadowNode> _nodes = [];
    private readonly Dictionary<(string Queue, string Key), ShadowJob> _keys = [];
    private readonly Dictionary<string, ShadowQueue> _queues = new(StringComparer.Ordinal);
    private readonly List<ExpectedJob> _expected = [];
    private readonly List<ShadowBatch> _touched = [];
    private readonly TaskCompletionSource _never = new();
    private DateTimeOffset _stepAt;
    private int _stepsAtOnce;
    private long _lastId;
    private long _steps;

    /// <summary>What broke first; null while everything holds.</summary>
    public string? Failure { get; private set; }

    /// <summary>The job it is about, if it is about one.</summary>
    public JobId? FailedJob { get; private set; }

    /// <summary>Store calls that were checked.</summary>
    public long Steps => _steps;

    /// <summary>Every job and batch that exists.</summary>
    public IReadOnlyList<ShadowJob> Jobs => _inOrder;

    private DateTimeOffset Now => time.GetUtcNow();

    /// <summary>Notes a broken guarantee; only the first counts, since the rest follows from it.</summary>
    public void Fail(string what, JobId? job = null)
    {
        if (Failure is null)
        {
            (Failure, FailedJob) = (what, job);
        }
    }

    /// <summary>One call of the store has happened: judge it, then look at what it left behind.</summary>
    public ValueTask StepAsync(Action judge)
    {
        if (Failure is null)
        {
            Judge(judge);
        }
        // After a failure nobody gets an answer any more: even a loop that goes round without waiting comes to rest.
        return Failure is null ? default : new(_never.Task);
    }

    private void Judge(Action judge)
    {
        if (Now > _stepAt)
        {
            (_stepAt, _stepsAtOnce) = (Now, 0);
        }
        Require(++_stepsAtOnce < MostAtOnce, $"{MostAtOnce} calls of the store at one moment: something goes round without waiting");
        judge();
        MeetNewJobs();
        CountBatches();
        if (++_steps % FullLookEvery == 0)
        {
            LookAtEverything();
        }
    }

    /// <summary>All jobs and all counters, against the auditor's own.</summary>
    public void LookAtEverything()
    {
        foreach (var job in _inOrder)
        {
            var actual = Read(job.Id);
            Require(actual is not null, $"it was acknowledged and does not exist any more", job);
            if (actual is not null)
            {
                Require(Same(actual.Status, job.Status, job), $"it is {actual.Status}, and nothing that happened explains it: it should be {job.Status}", job);
            }
        }
        foreach (var queue in Take(store.ListQueuesAsync()))
        {
            var own = QueueNamed(queue.Name);
            var (theirs, ours) = (Waiting(queue.Jobs), Waiting(own.Tally));
            Require(theirs == ours, $"queue {queue.Name} counts {queue.Jobs}, there are {own.Tally}");
            Require(queue.Abandoned == own.Abandoned, $"queue {queue.Name} counts {queue.Abandoned} abandoned attempts, there are {own.Abandoned}");
        }
    }

    private void Require(bool holds, string otherwise, ShadowJob? job = null)
    {
        if (!holds)
        {
            Fail(job is null ? otherwise : $"Job {job.Id} ({job.Queue}): {otherwise}.", job?.Id);
        }
    }

    private Job? Read(JobId id) => Take(store.GetJobAsync(id));

    private static T Take<T>(ValueTask<T> answer) =>
        answer.IsCompletedSuccessfully ? answer.Result : throw new InvalidOperationException("The in-memory store answers at once.");

    private ShadowJob? Find(JobId id) => _jobs.GetValueOrDefault(id.Value);

    private ShadowQueue QueueNamed(string name)
    {
        if (!_queues.TryGetValue(name, out var queue))
        {
            _queues.Add(name, queue = new() { Most = ClusterQueues.Named(name).MaxConcurrent });
        }
        return queue;
    }

    /// <summary>Due jobs are promoted when somebody claims: whether they are scheduled or queued yet says nothing.</summary>
    private static Batches.StateTally Waiting(Batches.StateTally tally) => tally with { Scheduled = 0, Queued = tally.Scheduled + tally.Queued };

    private bool Same(JobStatus actual, JobStatus own, ShadowJob job) =>
        actual == own || (own == JobStatus.Scheduled && actual == JobStatus.Queued && job.DueAt <= Now);

    /// <summary>Looks at a job that has just changed, and takes over what it has become if that is allowed.</summary>
    private void Becomes(ShadowJob job, params ReadOnlySpan<JobStatus> allowed)
    {
        var actual = Read(job.Id);
        if (actual is null)
        {
            Fail($"Job {job.Id} was acknowledged and does not exist any more.", job.Id);
            return;
        }
        if (!allowed.Contains(actual.Status))
        {
            Fail($"Job {job.Id} ({job.Queue}) became {actual.Status}; expected {string.Join(" or ", allowed.ToArray())}. It says: {actual.Error}", job.Id);
            return;
        }
        Require(actual.Fence == job.Fence, $"its fence is {actual.Fence}, the last claim gave {job.Fence}", job);
        Require(actual.AttemptsLeftBehind(job.Spent, job.AsBatch is not null), $"it counts {actual.Attempt} attempts, {job.Spent} were spent", job);
        Require(actual.NodesLost == job.NodesLost, $"it counts {actual.NodesLost} lost nodes, it lost {job.NodesLost}", job);
        Turn(job, actual);
    }

    /// <summary>The shadow follows: counters, keys, and whatever hangs on the end of a job.</summary>
    private void Turn(ShadowJob job, Job actual)
    {
        var was = job.Status;
        Count(job, -1);
        job.Status = actual.Status;
        job.TimedOut = actual.Status == JobStatus.Failed && actual.LastOutcome == AttemptOutcome.TimedOut;
        job.DueAt = actual.DueAt ?? job.DueAt;
        job.WaitingSince = Now;
        Count(job, 1);
        journal.Write("store", actual.Status.ToWire(), job.Id.Value, job.Fence);
        if (job.Status != JobStatus.Processing)
        {
            job.Holder?.Running.Remove(job);
            (job.Holder, job.CancelRequested) = (null, false);
        }
        if (job.Ended && !was.IsEnded())
        {
            HasEnded(job);
        }
    }

    private void Count(ShadowJob job, int by)
    {
        if (job.AsBatch is not null)
        {
            return;
        }
        var queue = QueueNamed(job.Queue);
        if (job.Status == JobStatus.Processing && queue.Tally.Processing >= (queue.Most - 1 ?? int.MaxValue))
        {
            queue.LastFull = Now;
        }
        queue.Tally = queue.Tally.Add(job.Status, by, job.TimedOut);
        if (job.Batch is { } batch)
        {
            batch.Tally = batch.Tally.Add(job.Status, by, job.TimedOut);
            Touch(batch);
        }
    }

    private void Touch(ShadowBatch batch)
    {
        if (!batch.Touched)
        {
            batch.Touched = true;
            _touched.Add(batch);
        }
    }

    private void HasEnded(ShadowJob job)
    {
        FreeKey(job);
        if (job.Batch is { } batch && batch.Tally.Ended == batch.Definition.Items.Count)
        {
            BatchHasEnded(batch);
        }
        foreach (var dependent in job.Dependents.ToArray())
        {
            Release(dependent, job);
        }
        job.Dependents.Clear();
    }

    private void Release(ShadowJob dependent, ShadowJob ended)
    {
        dependent.Unmet.Remove(ended);
        if (dependent.Status != JobStatus.Blocked)
        {
            return;
        }
        if (ended.Status != JobStatus.Completed)
        {
            Becomes(dependent, JobStatus.Cancelled);
        }
        else if (dependent.Unmet.Count == 0)
        {
            Becomes(dependent, JobStatus.Queued, JobStatus.Scheduled);
        }
    }

    private void BatchHasEnded(ShadowBatch batch)
    {
        var end = batch.Header.CancelRequested && batch.Tally.Cancelled > 0 ? JobStatus.Cancelled
            : batch.Definition.FailOnError && batch.Tally.Failed > 0 ? JobStatus.Failed : JobStatus.Completed;
        if (batch.Definition.Finalize is { } finalize)
        {
            batch.Finalized++;
            _expected.Add(new(finalize, batch.Header.Id, "finalize"));
        }
        Becomes(batch.Header, end);
        if (batch.Owner is { } parent)
        {
            batch.Owner = null;
            parent.Spent++;
            Becomes(parent, end);
        }
    }

    private void FreeKey(ShadowJob job)
    {
        if (job.Spec?.UniqueKey is { } key && job.Ended && job.Abandoned.Count == 0 && _keys.GetValueOrDefault((job.Queue, key)) == job)
        {
            _keys.Remove((job.Queue, key));
        }
    }

    /// <summary>Counters are exact at every read.</summary>
    private void CountBatches()
    {
        foreach (var batch in _touched)
        {
            batch.Touched = false;
            var state = Read(batch.Header.Id)?.BatchState;
            Require(state is not null, "it lost its items", batch.Header);
            if (state is null)
            {
                continue;
            }
            Require(state.Items.Total == batch.Definition.Items.Count, $"its counters add up to {state.Items.Total} of {batch.Definition.Items.Count}", batch.Header);
            Require(Waiting(state.Items) == Waiting(batch.Tally), $"it counts {state.Items}, its items are {batch.Tally}", batch.Header);
            Require(state.Generation == batch.Generation, $"its generation is {state.Generation}, expected {batch.Generation}", batch.Header);
            Require(batch.Definition.MaxParallel is not { } max || batch.Tally.Processing <= max,
                $"{batch.Tally.Processing} of its items run at once, its limit is {batch.Definition.MaxParallel}", batch.Header);
        }
        _touched.Clear();
    }

    /// <summary>What a job or batch enqueued must appear in the very step, once, and nothing else may.</summary>
    private void MeetNewJobs()
    {
        while (Read(new(_lastId + 1)) is { } found)
        {
            _lastId++;
            if (_jobs.ContainsKey(_lastId))
            {
                continue;
            }
            var tag = WorkPlan.Read(found.Payload);
            var at = _expected.FindIndex(e => WorkPlan.Read(e.Job.Payload) == tag && e.Job.Queue == found.Queue && e.Job.Kind == found.Kind && (e.Parent ?? e.Job.Parent) == found.Parent);
            if (at < 0)
            {
                Fail($"Job {found.Id} ({found.Kind}, plan {tag}, parent {found.Parent}) appeared, and nobody may have enqueued it in this step.", found.Parent ?? found.Id);
                return;
            }
            Add(found.Id, _expected[at].Job, null);
            _expected.RemoveAt(at);
        }
        if (_expected.Count > 0)
        {
            var missing = _expected[0];
            Fail($"The {missing.Why} of {missing.Parent} (plan {WorkPlan.Read(missing.Job.Payload)}) did not appear.", missing.Parent);
        }
    }

    private void Add(JobId id, NewJob spec, ShadowBatch? batch)
    {
        if (Read(id) is not { } actual)
        {
            Fail($"Job {id} was acknowledged and does not exist.", id);
            return;
        }
        var job = new ShadowJob(id, spec.Queue) { Spec = spec, Kind = spec.Kind, Status = JobStatus.Blocked, Batch = batch, Deadline = actual.Deadline };
        job.DeadlineLength = actual.Deadline - Now;
        _jobs.Add(id.Value, job);
        _inOrder.Add(job);
        if (spec.UniqueKey is { } key)
        {
            _keys.Add((spec.Queue, key), job);
        }
        batch?.Items.Add(job);
        Count(job, 1);
        Begin(job);
    }

    private void Begin(ShadowJob job)
    {
        var others = job.Spec!.After.Distinct().Select(Find).ToArray();
        if (Array.Exists(others, other => other is null or { Status: JobStatus.Failed or JobStatus.Cancelled }))
        {
            Becomes(job, JobStatus.Cancelled);
            return;
        }
        foreach (var other in others.Where(other => !other!.Ended))
        {
            job.Unmet.Add(other!);
            other!.Dependents.Add(job);
        }
        if (job.Unmet.Count > 0)
        {
            Becomes(job, JobStatus.Blocked);
        }
        else if (job.Spec.Delay > TimeSpan.Zero)
        {
            Becomes(job, JobStatus.Scheduled);
        }
        else
        {
            Becomes(job, JobStatus.Queued);
        }
    }

    private readonly record struct ExpectedJob(NewJob Job, JobId? Parent, string Why);

    private sealed class ShadowQueue
    {
        public Batches.StateTally Tally;
        public int Abandoned;
        public bool Paused;

        /// <summary>Its max_concurrent in force.</summary>
        public int? Most;

        /// <summary>When it last had no room, lacked a permit, or was paused.</summary>
        public DateTimeOffset LastFull;
    }
}

/// <summary>How attempts are counted in a job as readers see it.</summary>
internal static class CountedAttempts
{
    public static bool AttemptsLeftBehind(this Job job, int spent, bool isBatch) =>
        isBatch || job.Attempt == spent + (job.Status == JobStatus.Processing ? 1 : 0);
}
