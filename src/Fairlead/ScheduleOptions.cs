using Fairlead.Policies;
using Fairlead.Schedules;

namespace Fairlead;

/// <summary>How a schedule is set up in code or configuration (<c>Fairlead:Schedules:name</c>). Checked when the host starts.</summary>
public sealed class ScheduleOptions
{
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);

    /// <summary>False: paused from the start, until an operator resumes it. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>In place of the times that the code says: so often, or, where the code says <see cref="Schedule.After" />, so long after each end. At least 1 s.</summary>
    public TimeSpan? Every { get; set; }

    /// <summary>In place of the times that the code says: a cron expression (<see cref="CronRecurrence.Expression" />).</summary>
    public string? Cron { get; set; }

    /// <summary>The time zone of a cron expression; null takes the code's, else UTC.</summary>
    public string? TimeZone { get; set; }

    /// <inheritdoc cref="ScheduleOverlap" />
    /// <remarks>Default <see cref="ScheduleOverlap.Skip" />. In a cycle over targets each target is judged for itself.</remarks>
    public ScheduleOverlap Overlap { get; set; }

    /// <inheritdoc cref="ScheduleMisfire" />
    /// <remarks>Default <see cref="ScheduleMisfire.Once" />.</remarks>
    public ScheduleMisfire Misfire { get; set; }

    /// <inheritdoc cref="ScheduleDefinition.MisfireCap" />
    public int MisfireCap { get; set; } = 100;

    /// <inheritdoc cref="ScheduleDefinition.Jitter" />
    public TimeSpan Jitter { get; set; }

    /// <summary>For a cycle: at most this many targets at once, in the cluster, over all its rounds; null (the default) for no bound.</summary>
    public int? MaxGroups { get; set; }

    /// <summary>For a cycle: in which order its targets are taken. Default <see cref="CycleOrder.Shuffle" />.</summary>
    public CycleOrder Order { get; set; }

    /// <summary>For a cycle: one target after the other, and one job of a target after the other. Default false: all at once.</summary>
    public bool Sequential { get; set; }

    /// <summary>What the code said.</summary>
    internal Recurrence? When { get; set; }

    /// <summary>What the job of a round may say for itself; for a cycle, of the job that reads its targets.</summary>
    internal JobOptions? Job { get; private set; }

    /// <summary>What the job of each round may say for itself; for a plain schedule.</summary>
    public ScheduleOptions WithJob(JobOptions options)
    {
        Job = options;
        return this;
    }

    /// <summary>The times that hold, configuration above code; null when nobody said any.</summary>
    internal Recurrence? Recurrence => (Every, Cron, When) switch
    {
        (_, { } cron, _) => new CronRecurrence(cron, TimeZone ?? (When as CronRecurrence)?.TimeZone ?? "UTC"),
        ({ } every, _, FixedDelay) => new FixedDelay(every),
        ({ } every, _, _) => new FixedRate(every),
        (_, _, CronRecurrence cron) when TimeZone is { } zone => cron with { TimeZone = zone },
        _ => When,
    };

    /// <summary>Every rule that the options break, in words; empty when they are sound.</summary>
    internal IEnumerable<string> Problems(string schedule)
    {
        if (schedule.Length is 0 or > ScheduleRules.LongestName)
        {
            yield return $"A schedule's name has 1 to {ScheduleRules.LongestName} characters; got {schedule.Length}.";
        }
        if (When is null)
        {
            yield return $"Schedule '{schedule}' is configured, but the program adds none of that name: remove it, or call AddSchedule(\"{schedule}\", …).";
        }
        if (Every is not null && Cron is not null)
        {
            yield return $"Schedule '{schedule}' expects Every or Cron; got both.";
        }
        if (Recurrence is FixedRate { Every: var every } && every < Least)
        {
            yield return $"Schedule '{schedule}' expects an interval of at least 1 s; got {DurationText.Format(every)}.";
        }
        if (Recurrence is FixedDelay { Delay: var delay } && delay < Least)
        {
            yield return $"Schedule '{schedule}' expects a pause of at least 1 s; got {DurationText.Format(delay)}.";
        }
        if (MisfireCap is < 1 or > 1000)
        {
            yield return $"Schedule '{schedule}': MisfireCap expects 1 to 1000; got {MisfireCap}.";
        }
        if (Jitter < TimeSpan.Zero)
        {
            yield return $"Schedule '{schedule}': Jitter expects zero or more; got {Jitter}.";
        }
        if (MaxGroups is < 1)
        {
            yield return $"Schedule '{schedule}': MaxGroups expects 1 or more (or nothing for no bound); got {MaxGroups}.";
        }
    }
}
