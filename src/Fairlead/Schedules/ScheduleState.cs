namespace Fairlead.Schedules;

/// <summary>Where a schedule stands. Stores keep it as one document and change it only together with the round it speaks of.</summary>
public sealed record ScheduleState
{
    /// <summary>When the first node declared it: fixed rates count from here.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>The time of the next round, without jitter; null while a round must end first, and when there is none any more.</summary>
    public DateTimeOffset? NextDue { get; init; }

    /// <summary>When the next round is started: <see cref="NextDue" /> with its jitter.</summary>
    public DateTimeOffset? NextAt { get; init; }

    /// <summary>An operator's word: true paused, false resumed; null takes <see cref="ScheduleDefinition.Enabled" />.</summary>
    public bool? Paused { get; init; }

    /// <summary>Rounds that are not known to have ended, the oldest first.</summary>
    public IReadOnlyList<ScheduleRound> Open { get; init; } = [];

    /// <summary>Times whose round waits until the one before has ended, the oldest first.</summary>
    public IReadOnlyList<DateTimeOffset> Waiting { get; init; } = [];

    /// <summary>The latest 20 rounds that have ended or were left out, the newest first.</summary>
    public IReadOnlyList<ScheduleRound> Past { get; init; } = [];

    /// <summary>How many rounds were started.</summary>
    public long Started { get; init; }

    /// <summary>How many were left out because the one before had not ended.</summary>
    public long Skipped { get; init; }

    /// <summary>How many were not made up for after their time had passed; of one outage up to 10,000 times of a calendar are counted.</summary>
    public long Missed { get; init; }
}

/// <summary>One round of a schedule.</summary>
/// <param name="Due">The time it is for.</param>
/// <param name="Job">Its job; null when it was left out.</param>
/// <param name="StartedAt">When it was enqueued, or left out.</param>
public sealed record ScheduleRound(DateTimeOffset Due, JobId? Job, DateTimeOffset StartedAt)
{
    /// <summary>When it ended; null while it is not known to have, or when it was left out.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>How it ended; null like <see cref="EndedAt" />.</summary>
    public JobStatus? Status { get; init; }

    /// <summary>True when somebody triggered it.</summary>
    public bool ByHand { get; init; }
}
