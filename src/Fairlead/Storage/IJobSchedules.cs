using Fairlead.Schedules;

namespace Fairlead.Storage;

/// <summary>
/// What schedules ask of a store: one document each, changed by whoever has read its newest revision. Nodes declare schedules when they
/// join (<see cref="NodeRegistration.Schedules" />); what they declare is merged into what is stored by <see cref="ScheduleRules" />, and an
/// operator's pause, the rounds that run and the times that are due are kept.
/// </summary>
public interface IJobSchedules
{
    /// <summary>Every schedule that was ever declared, by name.</summary>
    ValueTask<IReadOnlyList<ScheduleRecord>> ListSchedulesAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Replaces a schedule's state and, in the same transaction, enqueues the round it speaks of: both or neither, and only if the revision is
    /// still the one that was read and, for a round with a time, that time has come by the store's clock. So a round is started exactly once, whoever
    /// tries, and never early.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such schedule.</exception>
    ValueTask<ScheduleWriteResult> WriteScheduleAsync(ScheduleWrite write, CancellationToken cancellationToken = default);
}

/// <summary>A schedule as the store keeps it.</summary>
/// <param name="Definition">What nodes declared last.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Revision">Grows with every change.</param>
/// <param name="IsServed">True when a live node declares it; else nobody starts its rounds.</param>
public sealed record ScheduleRecord(ScheduleDefinition Definition, ScheduleState State, long Revision, bool IsServed);

/// <summary>A change of a schedule's state.</summary>
public sealed record ScheduleWrite
{
    /// <summary>Which schedule.</summary>
    public required string Name { get; init; }

    /// <summary>The revision that was read.</summary>
    public required long Revision { get; init; }

    /// <summary>The state from now on; the round that is started is added by the store (<see cref="ScheduleRules.WithRound" />).</summary>
    public required ScheduleState State { get; init; }

    /// <summary>The round that is started; null for none.</summary>
    public RoundStart? Start { get; init; }
}

/// <summary>A round that is to be started.</summary>
/// <param name="Job">Its job, made by <see cref="ScheduleRules" />.</param>
/// <param name="Due">The time it is for.</param>
/// <param name="NotBefore">When it may be started at the earliest; null for at once.</param>
/// <param name="ByHand">True when somebody triggered it.</param>
public sealed record RoundStart(NewJob Job, DateTimeOffset Due, DateTimeOffset? NotBefore, bool ByHand = false);

/// <summary>What became of a change.</summary>
/// <param name="Outcome">Whether it was made.</param>
/// <param name="Current">The schedule as it stands now.</param>
/// <param name="Round">The round's job, if one was to be started and was.</param>
/// <param name="Now">The store's time.</param>
public sealed record ScheduleWriteResult(ScheduleWriteOutcome Outcome, ScheduleRecord Current, JobId? Round, DateTimeOffset Now);

/// <summary>Whether a schedule's change was made.</summary>
public enum ScheduleWriteOutcome
{
    /// <summary>It was. A round whose unique key an unfinished job held was not started but left out.</summary>
    Written = 0,

    /// <summary>Somebody else changed it first; nothing was changed.</summary>
    Conflict = 1,

    /// <summary>The round's time has not come by the store's clock; nothing was changed.</summary>
    Early = 2,
}
