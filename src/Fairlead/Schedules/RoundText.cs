using System.Globalization;
using System.Text.Json;
using Fairlead.Policies;

namespace Fairlead.Schedules;

/// <summary>The lines about rounds that operators read. Pure; times are those of the schedule's zone.</summary>
internal static class RoundText
{
    public static string Started(ScheduleDefinition schedule, DateTimeOffset at) => $"[{schedule.Name}] started at {Moment(schedule, at)}";

    public static string LeftOut(ScheduleDefinition schedule, DateTimeOffset due) =>
        $"[{schedule.Name}] left out the round of {Moment(schedule, due)}: the one before has not ended";

    /// <summary>How a round ended.</summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="end">The round and its job.</param>
    /// <param name="cycle">What its targets did; null for a plain job.</param>
    public static string Ended(ScheduleDefinition schedule, RoundEnd end, CycleRecord? cycle)
    {
        if (end.Job is not { EndedAt: { } endedAt } job)
        {
            return $"[{schedule.Name}] ended: its job {end.Round.Job} is no longer kept";
        }
        var took = Minutes(endedAt - end.Round.StartedAt);
        return job.Status switch
        {
            JobStatus.Completed => $"[{schedule.Name}] completed in {took}{Done(job, cycle)}",
            JobStatus.Cancelled => $"[{schedule.Name}] cancelled after {took}",
            _ => $"[{schedule.Name}] failed after {took}: {job.Error}",
        };
    }

    /// <summary>When the next round is due, or why it is not known.</summary>
    public static string Next(ScheduleDefinition schedule, ScheduleState state, DateTimeOffset now) =>
        ScheduleRules.IsPaused(schedule, state) ? $"[{schedule.Name}] is paused: it has no next run until it is resumed"
            : ScheduleRules.WakeAt(schedule, state) is not { } at ? $"[{schedule.Name}] has no next run"
            : $"[{schedule.Name}] next run in {LongMinutes(at > now ? at - now : TimeSpan.Zero)} at {Moment(schedule, at)}";

    private static string Done(Job job, CycleRecord? cycle) => cycle is not null ? Fanned(cycle) : Added(job.Result) is { } added ? string.Create(CultureInfo.InvariantCulture, $": added {added} new jobs") : "";

    private static string Fanned(CycleRecord cycle)
    {
        var leftOut = cycle.LeftOut > 0 ? string.Create(CultureInfo.InvariantCulture, $", {cycle.LeftOut} left out") : "";
        var slowest = cycle.Slowest is { } longest ? $", slowest {longest.Key} {Minutes(TimeSpan.FromSeconds(longest.Seconds))}" : "";
        return string.Create(CultureInfo.InvariantCulture, $": {cycle.Targets} targets, {cycle.Failed} failed{leftOut}{slowest}");
    }

    /// <summary>The whole number named <c>added</c> in a result; null when there is none.</summary>
    private static long? Added(ReadOnlyMemory<byte> result)
    {
        try
        {
            using var document = JsonDocument.Parse(result);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("added", out var added)
                && added.ValueKind == JsonValueKind.Number && added.TryGetInt64(out var number) ? number : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Minutes(TimeSpan time) => Short(time, "s", "min");

    private static string LongMinutes(TimeSpan time) => Short(time, "seconds", "minutes");

    /// <summary>In minutes as the seeds write them; what takes less than one, in seconds.</summary>
    private static string Short(TimeSpan time, string seconds, string minutes) => time < TimeSpan.FromMinutes(1)
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} {seconds}")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0.0} {minutes}");

    private static string Moment(ScheduleDefinition schedule, DateTimeOffset at) =>
        TimeZoneInfo.ConvertTime(at, ZoneOf(schedule.When)).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static TimeZoneInfo ZoneOf(Recurrence when) =>
        when is CronRecurrence cron && TimeZoneInfo.TryFindSystemTimeZoneById(cron.TimeZone, out var zone) ? zone : TimeZoneInfo.Utc;
}
