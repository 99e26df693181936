namespace Fairlead.Batches;

/// <summary>
/// How many jobs stand in each status. Stores keep it as deltas, one row per scope and node, added to in the transaction
/// that moves the jobs and summed in one statement: exact at every read, and no hot row.
/// </summary>
/// <param name="Scheduled">Jobs that wait for a time.</param>
/// <param name="Queued">Jobs that may run as soon as there is room.</param>
/// <param name="Blocked">Jobs that wait for others.</param>
/// <param name="Processing">Jobs claimed by a node.</param>
/// <param name="Completed">Jobs that ended well.</param>
/// <param name="Failed">Jobs that ended without success, timed out ones included.</param>
/// <param name="Cancelled">Jobs that were cancelled.</param>
/// <param name="TimedOut">Of the failed ones, those whose last attempt timed out.</param>
public readonly record struct StateTally(
    long Scheduled, long Queued, long Blocked, long Processing, long Completed, long Failed, long Cancelled, long TimedOut)
{
    /// <summary>All jobs of the scope. <see cref="TimedOut" /> is part of <see cref="Failed" />.</summary>
    public long Total => Scheduled + Queued + Blocked + Processing + Completed + Failed + Cancelled;

    /// <summary>Jobs that have ended, however they did.</summary>
    public long Ended => Completed + Failed + Cancelled;

    /// <summary>The sum of two tallies, field by field.</summary>
    public static StateTally operator +(StateTally a, StateTally b) => new(
        a.Scheduled + b.Scheduled, a.Queued + b.Queued, a.Blocked + b.Blocked, a.Processing + b.Processing,
        a.Completed + b.Completed, a.Failed + b.Failed, a.Cancelled + b.Cancelled, a.TimedOut + b.TimedOut);

    /// <summary>This tally with <paramref name="count" /> more jobs in <paramref name="status" />; negative takes away.</summary>
    public StateTally Add(JobStatus status, long count, bool timedOut = false) => status switch
    {
        JobStatus.Scheduled => this with { Scheduled = Scheduled + count },
        JobStatus.Queued => this with { Queued = Queued + count },
        JobStatus.Blocked => this with { Blocked = Blocked + count },
        JobStatus.Processing => this with { Processing = Processing + count },
        JobStatus.Completed => this with { Completed = Completed + count },
        JobStatus.Failed => this with { Failed = Failed + count, TimedOut = TimedOut + (timedOut ? count : 0) },
        JobStatus.Cancelled => this with { Cancelled = Cancelled + count },
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "Not a job status."),
    };
}
