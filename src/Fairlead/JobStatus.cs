namespace Fairlead;

/// <summary>Where a job stands. The legal changes are drawn in docs/job-lifecycle.md.</summary>
public enum JobStatus
{
    /// <summary>Waits for a time: a delay, a retry, or a deferral.</summary>
    Scheduled = 0,

    /// <summary>May run as soon as its queue has room for it.</summary>
    Queued = 1,

    /// <summary>Waits for other jobs to complete.</summary>
    Blocked = 2,

    /// <summary>Claimed by a node that holds a lease; for a batch: at least one item was claimed and not all have ended.</summary>
    Processing = 3,

    /// <summary>Ended well; its result is kept. A batch is completed when all its items have ended.</summary>
    Completed = 4,

    /// <summary>Ended for good without success.</summary>
    Failed = 5,

    /// <summary>Ended because somebody asked for it.</summary>
    Cancelled = 6,
}

/// <summary>Questions that are asked of a <see cref="JobStatus" /> in many places.</summary>
public static class JobStatuses
{
    /// <summary>True for <see cref="JobStatus.Completed" />, <see cref="JobStatus.Failed" /> and <see cref="JobStatus.Cancelled" />: nothing more happens unless someone retries it.</summary>
    public static bool IsEnded(this JobStatus status) => status >= JobStatus.Completed;

    /// <summary>The name used in JSON, tables and commands: <c>scheduled queued blocked processing completed failed cancelled</c>.</summary>
    public static string ToWire(this JobStatus status) => status switch
    {
        JobStatus.Scheduled => "scheduled",
        JobStatus.Queued => "queued",
        JobStatus.Blocked => "blocked",
        JobStatus.Processing => "processing",
        JobStatus.Completed => "completed",
        JobStatus.Failed => "failed",
        JobStatus.Cancelled => "cancelled",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "Not a job status."),
    };

    /// <summary>Reads what <see cref="ToWire" /> wrote; null when it is none of the seven names.</summary>
    public static JobStatus? FromWire(string name) => name switch
    {
        "scheduled" => JobStatus.Scheduled,
        "queued" => JobStatus.Queued,
        "blocked" => JobStatus.Blocked,
        "processing" => JobStatus.Processing,
        "completed" => JobStatus.Completed,
        "failed" => JobStatus.Failed,
        "cancelled" => JobStatus.Cancelled,
        _ => null,
    };
}
