namespace Fairlead.Policies;

/// <summary>By the clock and the calendar of a time zone.</summary>
/// <param name="Expression">Five fields: minute, hour, day of month, month, day of week; six with seconds first.</param>
/// <param name="TimeZone">An IANA name such as <c>Europe/Berlin</c>.</param>
public sealed record CronRecurrence(string Expression, string TimeZone = "UTC") : Recurrence
{
    /// <inheritdoc />
    public override DateTimeOffset? Next(DateTimeOffset after, DateTimeOffset since) => throw new NotSupportedException("Cron is on its way.");
}
