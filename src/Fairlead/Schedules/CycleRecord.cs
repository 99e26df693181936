namespace Fairlead.Schedules;

/// <summary>One cycle as people read it: what it did, what took longest, and how quick it could have been.</summary>
internal sealed record CycleRecord
{
    /// <summary>The schedule's name.</summary>
    public required string Schedule { get; init; }

    /// <summary>Its job.</summary>
    public required JobId Job { get; init; }

    /// <summary>The time it is for; null when its schedule no longer says.</summary>
    public required DateTimeOffset? Due { get; init; }

    /// <summary>When its first attempt to read the targets began; null before.</summary>
    public required DateTimeOffset? StartedAt { get; init; }

    /// <summary>When its last target ended; null while one has not.</summary>
    public required DateTimeOffset? EndedAt { get; init; }

    /// <summary>Where it stands.</summary>
    public required JobStatus Status { get; init; }

    /// <summary>What went wrong, if it never came to have targets; else null.</summary>
    public string? Error { get; init; }

    /// <summary>How many targets it has, those left out not counted.</summary>
    public long Targets { get; init; }

    /// <summary>How many of them completed.</summary>
    public long Completed { get; init; }

    /// <summary>How many of them failed or were cancelled.</summary>
    public long Failed { get; init; }

    /// <summary>How many targets were left out because their jobs of an earlier cycle had not ended.</summary>
    public int LeftOut { get; init; }

    /// <summary>The target that took longest, or has run longest; null when none has started.</summary>
    public CycleTime? Slowest { get; init; }

    /// <summary>The queue of the slowest target's job that took longest; null when none has started.</summary>
    public CycleTime? SlowestWorker { get; init; }

    /// <summary>It cannot have been quicker than so, with the work and the bounds it had; null when nothing has started.</summary>
    public CycleBound? Bound { get; init; }

    /// <summary>How long it took, in seconds; null before it has ended.</summary>
    public double? Seconds => (EndedAt - StartedAt)?.TotalSeconds;
}

/// <summary>How long a target or a queue's job took.</summary>
/// <param name="Key">The target's key, or the queue's name.</param>
/// <param name="Seconds">From its start to its end, or to now.</param>
internal readonly record struct CycleTime(string Key, double Seconds);

/// <summary>The least time a cycle can take, the greatest of three terms.</summary>
/// <param name="Seconds">How long.</param>
/// <param name="Term">Which term it is.</param>
/// <param name="Key">The target or queue that it is about; null for <see cref="CycleBoundTerm.MaxGroups" />.</param>
internal readonly record struct CycleBound(double Seconds, CycleBoundTerm Term, string? Key);

/// <summary>What bounds a cycle.</summary>
internal enum CycleBoundTerm
{
    /// <summary>The longest target: its longest job, or in sequential mode the sum of its jobs.</summary>
    Target = 0,

    /// <summary>All targets' times, at most <c>max_groups</c> at once.</summary>
    MaxGroups = 1,

    /// <summary>All jobs' times in one queue, at most its <c>max_concurrent</c> at once.</summary>
    Queue = 2,
}
