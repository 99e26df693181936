namespace Fairlead.Diagnostics;

/// <summary>
/// Where the time of a job or batch went. Every moment is put down to exactly one cause; both columns add up to 1. Only recorded
/// times and reasons are added up: nothing is guessed.
/// </summary>
public sealed record Explanation
{
    /// <summary>From the first enqueue to the last end (or now), in seconds.</summary>
    public required double WallSeconds { get; init; }

    /// <summary>The sum over all jobs of the time from enqueue to end (or now), in seconds.</summary>
    public required double JobSeconds { get; init; }

    /// <summary>No schedule of this work on these slots ends sooner than this, in seconds.</summary>
    public required double BoundSeconds { get; init; }

    /// <summary>Which term of the bound binds: <c>slots</c>, <c>longest_job</c>, or <c>limit NAME</c>.</summary>
    public required string Binding { get; init; }

    /// <summary>The most attempts that ran at once.</summary>
    public required int Slots { get; init; }

    /// <summary>Slots less the share held by attempts beyond their group's 95th percentile, or timed out.</summary>
    public required double EffectiveSlots { get; init; }

    /// <summary>The causes, the largest share of job time first.</summary>
    public required IReadOnlyList<CauseShare> Causes { get; init; }

    /// <summary>The attempts that held slots beyond their group's 95th percentile, or until they timed out; the longest first, at most ten.</summary>
    public required IReadOnlyList<SlotHolder> Holders { get; init; }

    /// <summary>What would have helped, and how much by the same scheduler's reckoning; the most useful first, at most three.</summary>
    public required IReadOnlyList<Advice> Advice { get; init; }
}

/// <summary>One cause's share.</summary>
/// <param name="Cause">The cause.</param>
/// <param name="Key">Which queue, limit, group or job.</param>
/// <param name="WallSeconds">Of the wall time: a moment with ten unfinished jobs counts a tenth for each one's cause.</param>
/// <param name="WallShare">The same as a share, 0 to 1.</param>
/// <param name="JobSeconds">Of the jobs' time.</param>
/// <param name="JobShare">The same as a share, 0 to 1.</param>
public readonly record struct CauseShare(WaitCause Cause, string Key, double WallSeconds, double WallShare, double JobSeconds, double JobShare);

/// <summary>An attempt that held a slot for unusually long.</summary>
/// <param name="Job">Its job.</param>
/// <param name="Group">Its group, or its queue when it has none.</param>
/// <param name="Seconds">How long it held the slot.</param>
public readonly record struct SlotHolder(JobId Job, string Group, double Seconds);

/// <summary>A change and what it would have saved.</summary>
/// <param name="Change">The change, in the words of the configuration.</param>
/// <param name="SavesSeconds">How much sooner the work would have ended.</param>
public readonly record struct Advice(string Change, double SavesSeconds);
