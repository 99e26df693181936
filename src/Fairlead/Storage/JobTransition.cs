using Fairlead.Diagnostics;

namespace Fairlead.Storage;

/// <summary>One run of one job, as the store knows it.</summary>
/// <param name="Job">The job.</param>
/// <param name="Fence">The number its claim was given; it grows with every claim of the job and makes a stale result refusable.</param>
public readonly record struct AttemptKey(JobId Job, long Fence);

/// <summary>
/// One legal change out of <see cref="JobStatus.Processing" />. Each has its own factory here; stores apply them and never
/// invent one. What the change becomes in the end (a cancelled job is not retried, a deadline cuts a retry short) is decided
/// by <see cref="Settlement" />, the same for every store.
/// </summary>
public sealed record JobTransition
{
    private JobTransition() { }

    /// <summary>The attempt that ends.</summary>
    public required AttemptKey Attempt { get; init; }

    /// <summary>How it ended.</summary>
    public required AttemptOutcome Outcome { get; init; }

    /// <summary>Where the job is to go.</summary>
    public required JobStatus To { get; init; }

    /// <summary>When the attempt began to run, by the store's clock as the node knows it.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ended, by the same clock.</summary>
    public required DateTimeOffset EndedAt { get; init; }

    /// <summary>How long the job then waits, counted from the moment the store applies the change.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>What that wait is put down to.</summary>
    public WaitCause WaitsFor { get; init; } = WaitCause.Retry;

    /// <summary>True when the attempt counts against the job's retries.</summary>
    public bool CostsAttempt { get; init; }

    /// <summary>What went wrong, for people; null when nothing did.</summary>
    public string? Error { get; init; }

    /// <summary>The job's result, UTF-8 JSON; empty for none.</summary>
    public ReadOnlyMemory<byte> Result { get; init; }

    /// <summary>Jobs that appear if and only if this change is applied, in the same transaction.</summary>
    public IReadOnlyList<NewJob> Enqueue { get; init; } = [];

    /// <summary>The children that the job ends with; null for none.</summary>
    public NewBatch? Children { get; init; }

    /// <summary>True when the failure says nothing about what its group calls (the job itself cannot succeed): its breaker does not count it.</summary>
    public bool SparesBreaker { get; init; }

    /// <summary>True when the code still runs although its attempt is over: it has lost its slot, but keeps its unique key, its group's place and its permits until <see cref="IJobWork.ReleaseAbandonedAsync" /> or its node's end.</summary>
    public bool Abandoned { get; init; }

    /// <summary>The attempt succeeded. The job is completed and <paramref name="enqueue" /> appears with it.</summary>
    public static JobTransition Completed(AttemptTimes times, ReadOnlyMemory<byte> result, IReadOnlyList<NewJob> enqueue) =>
        From(times, AttemptOutcome.Completed, JobStatus.Completed) with { Result = result, Enqueue = enqueue, CostsAttempt = true };

    /// <summary>
    /// The attempt succeeded and leaves the rest to children: the job becomes the parent of <paramref name="children" />, which appear with this change,
    /// and ends when they have ended, as their batch ends. Until then the store carries the attempt: the job stays processing and keeps its unique key, its group's
    /// place, its place in its batch and in its queue's <c>max_concurrent</c>, and the permits of numbers at once, but holds no node's slot, and no node's
    /// death touches it. Its time, for fairness and explanations, is the time until its children have ended. Its result is what became of them
    /// (<see cref="ChildrenResult" />). Cancelling it cancels its children. Children whose unique key is held are
    /// always left out and counted, since nobody is there to be told. Without children (or when all are left out) it completes at once. A child whose
    /// unique key is held is left out and counted, whatever <see cref="NewBatch.LeaveOutHeld" /> says: nobody is there to be told.
    /// </summary>
    /// <param name="times">When the attempt ran.</param>
    /// <param name="children">The batch of its children; unlike other batches it may be empty.</param>
    /// <param name="enqueue">What else appears with it.</param>
    public static JobTransition Branched(AttemptTimes times, NewBatch children, IReadOnlyList<NewJob> enqueue) =>
        From(times, AttemptOutcome.Completed, JobStatus.Processing) with { Children = children, Enqueue = enqueue, CostsAttempt = true };

    /// <summary>The attempt failed and another one follows after <paramref name="delay" />, paced by the queue's retry budget.</summary>
    public static JobTransition Retried(AttemptTimes times, AttemptOutcome outcome, string error, TimeSpan delay, bool abandoned = false) =>
        From(times, outcome, JobStatus.Scheduled) with { Error = error, Delay = delay, CostsAttempt = true, Abandoned = abandoned };

    /// <summary>The attempt failed and none follows.</summary>
    public static JobTransition Failed(AttemptTimes times, AttemptOutcome outcome, string error, bool abandoned = false) =>
        From(times, outcome, JobStatus.Failed) with { Error = error, CostsAttempt = true, Abandoned = abandoned };

    /// <summary>The work was told to come later; no attempt is spent.</summary>
    public static JobTransition Deferred(AttemptTimes times, string? reason, TimeSpan delay, WaitCause waitsFor) =>
        From(times, AttemptOutcome.Deferred, JobStatus.Scheduled) with { Error = reason, Delay = delay, WaitsFor = waitsFor };

    /// <summary>The job was cancelled while it ran.</summary>
    public static JobTransition Cancelled(AttemptTimes times, bool abandoned = false) =>
        From(times, AttemptOutcome.Cancelled, JobStatus.Cancelled) with { Error = "Cancelled while it ran.", Abandoned = abandoned };

    /// <summary>The job is given back (its node stops, its program cannot be started): it is queued again at once, and no attempt is spent.</summary>
    public static JobTransition HandedBack(AttemptTimes times, string reason = "Its node was stopped.") =>
        From(times, AttemptOutcome.HandedBack, JobStatus.Queued) with { Error = reason };

    /// <summary>How long the attempt ran.</summary>
    internal TimeSpan Ran => EndedAt > StartedAt ? EndedAt - StartedAt : TimeSpan.Zero;

    /// <summary>What a breaker makes of it: true for a success, false for a failure, null for neither.</summary>
    internal bool? BreakerVerdict => Outcome switch
    {
        AttemptOutcome.Completed => true,
        AttemptOutcome.Failed or AttemptOutcome.TimedOut or AttemptOutcome.Lost when !SparesBreaker => false,
        _ => null,
    };

    private static JobTransition From(AttemptTimes times, AttemptOutcome outcome, JobStatus to) =>
        new() { Attempt = times.Attempt, Outcome = outcome, To = to, StartedAt = times.StartedAt, EndedAt = times.EndedAt };
}

/// <summary>Which attempt, and when it ran, by the store's clock as the node knows it.</summary>
/// <param name="Attempt">The attempt.</param>
/// <param name="StartedAt">Its start.</param>
/// <param name="EndedAt">Its end.</param>
public readonly record struct AttemptTimes(AttemptKey Attempt, DateTimeOffset StartedAt, DateTimeOffset EndedAt);

/// <summary>What became of a transition.</summary>
public enum ApplyResult
{
    /// <summary>It was applied now.</summary>
    Applied = 0,

    /// <summary>The very same attempt's end was applied before (an answer was lost on the way): nothing changed, all is well.</summary>
    AlreadyApplied = 1,

    /// <summary>The attempt no longer held the job. It was refused, changed nothing, and was counted.</summary>
    Stale = 2,
}
