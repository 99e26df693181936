using Fairlead.Policies;
using Fairlead.Schedules;
using Fairlead.Storage;

namespace Fairlead.AspNetCore.Bodies;

/// <summary>One schedule in <c>schedules --json</c>, the body of <c>GET schedules</c>.</summary>
internal sealed record ScheduleBody
{
    public required string Schedule { get; init; }

    /// <summary>As in a configuration: <c>every 5m</c>, <c>every 60m from finish</c>, <c>cron 0 3 * * * Europe/Berlin</c>.</summary>
    public required string When { get; init; }

    public required IReadOnlyList<string> Queues { get; init; }

    /// <summary>Where a cycle's targets come from.</summary>
    public string? ForEach { get; init; }

    /// <summary>False: no live node declares it, so nobody starts its rounds.</summary>
    public required bool Served { get; init; }

    public required bool Paused { get; init; }

    /// <summary>Left out while it is paused or a round must end first.</summary>
    public DateTimeOffset? NextAt { get; init; }

    /// <summary>Jobs of rounds that run.</summary>
    public required IReadOnlyList<long> Running { get; init; }

    /// <summary>Rounds that wait for the one before.</summary>
    public required int Waiting { get; init; }

    public required long Started { get; init; }

    public required long Skipped { get; init; }

    public required long Missed { get; init; }

    /// <summary>The latest round that has ended.</summary>
    public RoundBody? Last { get; init; }

    /// <summary>The next times; only where they are asked for.</summary>
    public IReadOnlyList<DateTimeOffset>? Next { get; init; }

    public static ScheduleBody Of(ScheduleRecord record, int? next = null)
    {
        var (definition, state) = (record.Definition, record.State);
        return new ScheduleBody
        {
            Schedule = definition.Name,
            When = WhenOf(definition.When),
            Queues = definition.Cycle?.Queues ?? [definition.Round.Queue],
            ForEach = definition.Cycle?.Source,
            Served = record.IsServed,
            Paused = ScheduleRules.IsPaused(definition, state),
            NextAt = ScheduleRules.IsPaused(definition, state) ? null : state.NextAt,
            Running = [.. state.Open.Select(static round => round.Job!.Value.Value)],
            Waiting = state.Waiting.Count,
            Started = state.Started,
            Skipped = state.Skipped,
            Missed = state.Missed,
            Last = state.Past.FirstOrDefault(static round => round.Job is not null) is { } last ? RoundBody.Of(last) : null,
            Next = next is { } count ? [.. ScheduleRules.NextTimes(definition, state).Take(count)] : null,
        };
    }

    private static string WhenOf(Recurrence when) => when switch
    {
        FixedRate rate => $"every {DurationText.Format(rate.Every)}",
        FixedDelay delay => $"every {DurationText.Format(delay.Delay)} from finish",
        CronRecurrence cron => $"cron {cron.Expression} {cron.TimeZone}",
        _ => when.ToString(),
    };
}

/// <summary>One round of a schedule.</summary>
internal sealed record RoundBody(long Job, DateTimeOffset Due, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, double? Seconds, string? Status, bool ByHand)
{
    public static RoundBody Of(ScheduleRound round) => new(
        round.Job!.Value.Value, round.Due, round.StartedAt, round.EndedAt,
        round.EndedAt is { } ended ? Math.Round((ended - round.StartedAt).TotalSeconds, 3) : null, round.Status?.ToWire(), round.ByHand);
}

/// <summary>The answer to a trigger.</summary>
/// <param name="Schedule">Its name.</param>
/// <param name="Job">The round's job; left out while it waits.</param>
/// <param name="Waits">True: it starts when the round before has ended.</param>
/// <param name="Running">The round it waits for.</param>
internal sealed record TriggeredBody(string Schedule, long? Job, bool Waits, long? Running)
{
    public static TriggeredBody Of(TriggerResult result) => new(result.Schedule.Definition.Name, result.Round?.Value, result.Waits, result.Running?.Value);
}

/// <summary>One cycle in <c>cycles --json</c>, the body of <c>GET cycles</c>.</summary>
internal sealed record CycleBody
{
    public required string Schedule { get; init; }

    public required long Job { get; init; }

    public required string Status { get; init; }

    public DateTimeOffset? Due { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public double? Seconds { get; init; }

    public required long Targets { get; init; }

    public required long Completed { get; init; }

    public required long Failed { get; init; }

    public required int LeftOut { get; init; }

    public CycleTimeBody? Slowest { get; init; }

    public CycleTimeBody? SlowestWorker { get; init; }

    /// <summary>It cannot have been quicker than this.</summary>
    public double? BoundSeconds { get; init; }

    /// <summary>By what: <c>target KEY</c>, <c>max_groups</c>, <c>queue NAME</c>.</summary>
    public string? Binding { get; init; }

    public string? Error { get; init; }

    public static CycleBody Of(CycleRecord cycle) => new()
    {
        Schedule = cycle.Schedule,
        Job = cycle.Job.Value,
        Status = cycle.Status.ToWire(),
        Due = cycle.Due,
        StartedAt = cycle.StartedAt,
        EndedAt = cycle.EndedAt,
        Seconds = cycle.Seconds is { } seconds ? Math.Round(seconds, 3) : null,
        Targets = cycle.Targets,
        Completed = cycle.Completed,
        Failed = cycle.Failed,
        LeftOut = cycle.LeftOut,
        Slowest = CycleTimeBody.Of(cycle.Slowest),
        SlowestWorker = CycleTimeBody.Of(cycle.SlowestWorker),
        BoundSeconds = cycle.Bound is { } bound ? Math.Round(bound.Seconds, 3) : null,
        Binding = cycle.Bound switch
        {
            null => null,
            { Term: CycleBoundTerm.MaxGroups } => "max_groups",
            { Term: CycleBoundTerm.Queue, Key: var queue } => $"queue {queue}",
            { Key: var target } => $"target {target}",
        },
        Error = cycle.Error,
    };

    /// <summary>The newest cycles of one schedule, or of all, the newest first.</summary>
    /// <exception cref="KeyNotFoundException">There is no such schedule.</exception>
    public static async ValueTask<CycleBody[]> ReadAsync(IJobStore store, string? schedule, int limit, CancellationToken cancellationToken)
    {
        var (desk, reader, cycles) = (new ScheduleDesk(store), new CycleReader(store), new List<CycleRecord>());
        string[] names = schedule is null
            ? [.. (await desk.ListAsync(cancellationToken)).Where(static record => record.Definition.Cycle is not null).Select(static record => record.Definition.Name)]
            : [schedule];
        foreach (var name in names)
        {
            var (record, now) = await desk.FindAsync(name, cancellationToken);
            cycles.AddRange(await reader.ListAsync(record.Definition, now, limit, cancellationToken));
        }
        return [.. cycles.OrderByDescending(static cycle => cycle.Job.Value).Take(limit).Select(Of)];
    }
}

/// <summary>How long a target or a queue's job took.</summary>
internal sealed record CycleTimeBody(string Key, double Seconds)
{
    public static CycleTimeBody? Of(CycleTime? time) => time is { } known ? new(known.Key, Math.Round(known.Seconds, 3)) : null;
}
