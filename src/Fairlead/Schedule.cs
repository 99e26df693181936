using Fairlead.Policies;

namespace Fairlead;

/// <summary>When a schedule's rounds are due: <c>Schedule.Every(TimeSpan.FromMinutes(5))</c>, <c>Schedule.Cron("0 3 * * *", "Europe/Berlin")</c>.</summary>
public static class Schedule
{
    /// <summary>Fixed rate: every so often from when the schedule was first known, however long a round takes.</summary>
    /// <param name="interval">From start to start; at least 1 s.</param>
    public static Recurrence Every(TimeSpan interval) => new FixedRate(interval);

    /// <summary>Fixed delay: at once, and then so long after each round has ended.</summary>
    /// <param name="pause">From an end to the next start; at least 1 s.</param>
    public static Recurrence After(TimeSpan pause) => new FixedDelay(pause);

    /// <summary>By the clock and the calendar of a time zone.</summary>
    /// <param name="expression">Five fields: minute, hour, day of month, month, day of week; six with seconds first.</param>
    /// <param name="timeZone">An IANA name such as <c>Europe/Berlin</c>; default UTC.</param>
    public static Recurrence Cron(string expression, string timeZone = "UTC") => new CronRecurrence(expression, timeZone);
}
