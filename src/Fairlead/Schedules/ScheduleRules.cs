using Fairlead.Policies;
using Fairlead.Storage;

namespace Fairlead.Schedules;

/// <summary>
/// What a schedule does next: the rules about overlap, missed times, pauses and changed definitions. Pure; nodes, commands and stores
/// all ask here, so that every store gives the same answer.
/// </summary>
public static class ScheduleRules
{
    /// <summary>A time that passed by more than this before anybody could start its round was missed.</summary>
    public static readonly TimeSpan MissedAfter = TimeSpan.FromMinutes(1);

    /// <summary>How many rounds may wait for the one before.</summary>
    public const int MostWaiting = 1000;

    /// <summary>How many characters a schedule's name may have: its targets' queue is named after it.</summary>
    public const int LongestName = 180;

    private const int MostPast = 20, MostOpen = 1000;

    /// <summary>The queue of cycles: jobs that read the targets and become their parents. Their kind is the schedule's name.</summary>
    public const string CycleQueue = "fairlead.cycles";

    /// <summary>Whether a queue's name is one of those that are kept for cycles.</summary>
    public static bool IsReserved(string queue) => queue.StartsWith("fairlead.", StringComparison.Ordinal);

    /// <summary>The queue of one schedule's targets; its <c>max_concurrent</c> is the schedule's <c>max_groups</c>.</summary>
    public static string TargetQueue(string schedule) => $"fairlead.targets.{schedule}";

    /// <summary>The unique key that a round's job holds, but for schedules whose rounds may overlap.</summary>
    public static string RoundKey(string schedule) => $"schedule:{schedule}";

    /// <summary>Whether rounds are started by time.</summary>
    public static bool IsPaused(ScheduleDefinition definition, ScheduleState state) => state.Paused ?? !definition.Enabled;

    /// <summary>What a declaration makes of what is stored: an operator's word, the rounds that run, and, where the times are the same, the next one are kept.</summary>
    /// <param name="definition">What a node declares.</param>
    /// <param name="before">What is stored; null for a new schedule.</param>
    /// <param name="now">The store's time.</param>
    public static ScheduleState Declared(ScheduleDefinition definition, ScheduleRecord? before, DateTimeOffset now)
    {
        if (before is null)
        {
            return Due(definition, new ScheduleState { Since = now }, definition.When.Next(now.AddTicks(-1), now));
        }
        // One that is no longer declared paused goes on like one that was resumed.
        var state = IsPaused(before.Definition, before.State) && !IsPaused(definition, before.State) ? WithoutPassed(before.Definition, before.State, now) : before.State;
        return before.Definition.When != definition.When ? Reckoned(definition, state, now)
            : before.Definition.Jitter != definition.Jitter ? Due(definition, state, state.NextDue)
            : state;
    }

    /// <summary>The next time by a new recurrence: from the start of the last round, or for a delay from its end; never before now.</summary>
    private static ScheduleState Reckoned(ScheduleDefinition definition, ScheduleState state, DateTimeOffset now)
    {
        if (definition.When is FixedDelay delay)
        {
            return Due(definition, state, state.Open.Count > 0 ? null : Later(now, (LastEnd(state) ?? now - delay.Delay) + delay.Delay));
        }
        return LastStart(state) is { } last
            ? Due(definition, state with { Since = last }, definition.When.Next(now, last))
            : Due(definition, state with { Since = now }, definition.When.Next(now.AddTicks(-1), now));
    }

    /// <summary>A round has ended: the next one of a fixed delay counts from here.</summary>
    /// <param name="definition">The schedule.</param>
    /// <param name="state">Where it stands.</param>
    /// <param name="round">Which of <see cref="ScheduleState.Open" />.</param>
    /// <param name="endedAt">When it ended.</param>
    /// <param name="status">How; null when the job is forgotten already.</param>
    public static ScheduleState Ended(ScheduleDefinition definition, ScheduleState state, ScheduleRound round, DateTimeOffset endedAt, JobStatus? status)
    {
        state = WithPast(state, round with { EndedAt = endedAt, Status = status }) with { Open = [.. state.Open.Where(open => open.Job != round.Job)] };
        return definition.When is FixedDelay delay && state.NextDue is null && state.Open.Count == 0 ? Due(definition, state, endedAt + delay.Delay) : state;
    }

    /// <summary>When there is something to do next by time alone; null when there is nothing.</summary>
    public static DateTimeOffset? WakeAt(ScheduleDefinition definition, ScheduleState state) =>
        IsPaused(definition, state) ? null
            : state.Waiting.Count > 0 && !IsBlocked(definition, state) ? state.Waiting[0]
            : state.NextAt;

    /// <summary>What is to be done now; null when there is nothing. Ask again after each step.</summary>
    public static ScheduleStep? Next(ScheduleDefinition definition, ScheduleState state, DateTimeOffset now)
    {
        if (IsPaused(definition, state))
        {
            return null;
        }
        if (state.Waiting.Count > 0 && !IsBlocked(definition, state))
        {
            return new(state with { Waiting = [.. state.Waiting.Skip(1)] }, Start(definition, state.Waiting[0], null));
        }
        if (state is not { NextAt: { } at, NextDue: { } due } || at > now)
        {
            return null;
        }
        return now - at > MissedAfter && definition.When is not FixedDelay ? MakeUp(definition, state, due, now) : Arrived(definition, state, due, at);
    }

    /// <summary>Somebody triggers a round by hand, paused or not.</summary>
    /// <returns>The step; null when the one before has not ended and the schedule leaves out what overlaps, or is paused: what waits then is not started.</returns>
    public static ScheduleStep? Triggered(ScheduleDefinition definition, ScheduleState state, DateTimeOffset now) =>
        !IsBlocked(definition, state) ? new(state, Start(definition, now, null) with { ByHand = true })
            : definition.Overlap == ScheduleOverlap.Skip || IsPaused(definition, state) ? null
            : Overlapping(definition, state, now);

    /// <summary>An operator pauses it: no round is started by time until it is resumed; times that pass meanwhile are not made up for.</summary>
    public static ScheduleState Pause(ScheduleState state) => state with { Paused = true };

    /// <summary>An operator resumes it.</summary>
    public static ScheduleState Resume(ScheduleDefinition definition, ScheduleState state, DateTimeOffset now) =>
        (IsPaused(definition, state) ? WithoutPassed(definition, state, now) : state) with { Paused = false };

    /// <summary>The state once the store has enqueued the round.</summary>
    /// <param name="state">The state that was written.</param>
    /// <param name="start">The round that was to be started.</param>
    /// <param name="answer">What the enqueue gave; where an unfinished job holds the key, that job is what the schedule waits for.</param>
    /// <param name="now">The store's time.</param>
    public static ScheduleState WithRound(ScheduleState state, RoundStart start, EnqueuedJob answer, DateTimeOffset now)
    {
        if (answer.Existing)
        {
            state = WithPast(state, new ScheduleRound(start.Due, null, now) { ByHand = start.ByHand }) with { Skipped = state.Skipped + 1 };
        }
        else
        {
            state = state with { Started = state.Started + 1 };
        }
        var open = state.Open.Any(round => round.Job == answer.Id) ? state.Open : [.. state.Open, new ScheduleRound(start.Due, answer.Id, now) { ByHand = start.ByHand }];
        return state with { Open = open.Count > MostOpen ? [.. open.Skip(open.Count - MostOpen)] : open };
    }

    /// <summary>The times of the next rounds as far as they are known, without jitter; none while it is paused, and at most one where each counts from the end of the one before.</summary>
    public static IEnumerable<DateTimeOffset> NextTimes(ScheduleDefinition definition, ScheduleState state)
    {
        for (var due = IsPaused(definition, state) ? null : state.NextDue; due is { } time; due = definition.When.Next(time, state.Since))
        {
            yield return time;
        }
    }

    /// <summary>By how much the round of a time is started later: a share of the jitter that only name and time decide, so that all nodes agree.</summary>
    public static TimeSpan JitterOf(ScheduleDefinition definition, DateTimeOffset due)
    {
        // FNV-1a, 64 bits (Fowler, Noll, Vo): spread well enough, and the same everywhere.
        var hash = 14695981039346656037UL;
        foreach (var letter in $"{definition.Name} {due.UtcTicks}")
        {
            hash = (hash ^ letter) * 1099511628211UL;
        }
        hash ^= hash >> 32;
        return TimeSpan.FromMilliseconds(Math.Floor(definition.Jitter.TotalMilliseconds * ((hash >> 11) / (double)(1UL << 53))));
    }

    private static ScheduleState WithoutPassed(ScheduleDefinition definition, ScheduleState state, DateTimeOffset now) =>
        state.NextAt <= now ? Due(definition, state, definition.When is FixedDelay ? now : definition.When.Next(now, state.Since)) : state;

    private static bool IsBlocked(ScheduleDefinition definition, ScheduleState state) => definition.Overlap != ScheduleOverlap.Allow && state.Open.Count > 0;

    private static ScheduleStep Arrived(ScheduleDefinition definition, ScheduleState state, DateTimeOffset due, DateTimeOffset at)
    {
        state = Due(definition, state, definition.When.Next(due, state.Since));
        if (!IsBlocked(definition, state))
        {
            return new(state, Start(definition, due, at));
        }
        // A pause that counts from an end counts from the end of what runs now.
        return definition.When is FixedDelay ? new(state, null) : Overlapping(definition, state, due);
    }

    private static ScheduleStep Overlapping(ScheduleDefinition definition, ScheduleState state, DateTimeOffset due)
    {
        var full = definition.Overlap == ScheduleOverlap.Queue && state.Waiting.Count >= MostWaiting;
        if (definition.Overlap == ScheduleOverlap.Skip || full)
        {
            return new(LeftOut(state, due), null);
        }
        return definition.Overlap == ScheduleOverlap.Queue
            ? new(state with { Waiting = [.. state.Waiting, due] }, null)
            : new(state.Waiting.Aggregate(state, LeftOut) with { Waiting = [due] }, null) { Cancel = [.. state.Open.Select(static round => round.Job!.Value)] };
    }

    private static ScheduleStep MakeUp(ScheduleDefinition definition, ScheduleState state, DateTimeOffset due, DateTimeOffset now)
    {
        if (definition.Misfire == ScheduleMisfire.Skip)
        {
            return new(LeaveOutMissed(definition, state, due, now), null);
        }
        var made = MissedTimes.Newest(definition.When, state.Since, due, now, definition.Misfire == ScheduleMisfire.All ? MostMadeUp(definition, state) : 1);
        var missed = MissedTimes.Count(definition.When, state.Since, due, now) - made.Count;
        state = Due(definition, state with { Missed = state.Missed + Math.Max(missed, 0) }, definition.When.Next(made[^1], state.Since));
        return made.Count > 1 ? new(state with { Waiting = [.. state.Waiting, .. made] }, null)
            : IsBlocked(definition, state) ? Overlapping(definition, state, made[0])
            : new(state, Start(definition, made[0], made[0]));
    }

    private static int MostMadeUp(ScheduleDefinition definition, ScheduleState state) => Math.Max(1, Math.Min(definition.MisfireCap, MostWaiting - state.Waiting.Count));

    /// <summary>The first time that is late but not yet missed is the next one.</summary>
    private static ScheduleState LeaveOutMissed(ScheduleDefinition definition, ScheduleState state, DateTimeOffset due, DateTimeOffset now)
    {
        var from = now - MissedAfter - definition.Jitter;
        var next = definition.When.Next(from <= due ? due : from.AddTicks(-1), state.Since);
        while (next is { } time && now - time - JitterOf(definition, time) > MissedAfter)
        {
            next = definition.When.Next(time, state.Since);
        }
        var missed = MissedTimes.Count(definition.When, state.Since, due, (next ?? now.AddTicks(1)).AddTicks(-1));
        return Due(definition, state with { Missed = state.Missed + missed }, next);
    }

    private static RoundStart Start(ScheduleDefinition definition, DateTimeOffset due, DateTimeOffset? notBefore) => new(
        definition.Round with { UniqueKey = definition.Overlap == ScheduleOverlap.Allow ? null : RoundKey(definition.Name), ScheduledFor = due }, due, notBefore);

    private static ScheduleState LeftOut(ScheduleState state, DateTimeOffset due) =>
        WithPast(state, new ScheduleRound(due, null, due)) with { Skipped = state.Skipped + 1 };

    private static ScheduleState WithPast(ScheduleState state, ScheduleRound round) => state with { Past = [round, .. state.Past.Take(MostPast - 1)] };

    private static ScheduleState Due(ScheduleDefinition definition, ScheduleState state, DateTimeOffset? due) =>
        state with { NextDue = due, NextAt = due is { } time ? time + JitterOf(definition, time) : null };

    private static DateTimeOffset? LastStart(ScheduleState state) => Rounds(state).Where(static round => round.Job is not null).Max(static round => (DateTimeOffset?)round.StartedAt);

    private static DateTimeOffset? LastEnd(ScheduleState state) => state.Past.Max(static round => round.EndedAt);

    private static IEnumerable<ScheduleRound> Rounds(ScheduleState state) => state.Open.Concat(state.Past);

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}

/// <summary>One thing a schedule is to do.</summary>
/// <param name="State">Where it stands then.</param>
/// <param name="Start">The round to start; null for none.</param>
public sealed record ScheduleStep(ScheduleState State, RoundStart? Start)
{
    /// <summary>Rounds to cancel, so that the next one can start.</summary>
    public IReadOnlyList<JobId> Cancel { get; init; } = [];
}
