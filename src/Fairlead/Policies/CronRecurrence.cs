namespace Fairlead.Policies;

/// <summary>
/// By the clock and the calendar of a time zone. The day of month and the day of week must both match. When clocks are changed, a time that is skipped comes once, at the
/// end of the gap, and a time of the day that is repeated comes the first time only; expressions with a <c>*</c>, a range or a step in minutes or hours go on by
/// elapsing time, so that they come in both of two equal hours.
/// </summary>
/// <param name="Expression">
/// Five fields: minute, hour, day of month, month, day of week (0 is Sunday); six with the second first; or <c>@hourly @daily @weekly @monthly @yearly</c>.
/// </param>
/// <param name="TimeZone">An IANA name such as <c>Europe/Berlin</c>. Default UTC.</param>
public sealed record CronRecurrence(string Expression, string TimeZone = "UTC") : Recurrence
{
    private ZonedCron? _instants;

    private CronRecurrence(CronRecurrence original)
        : base(original) => (Expression, TimeZone) = (original.Expression, original.TimeZone);

    private ZonedCron Instants => _instants ??= new(new CronTimes(Expression), new ZoneTimes(ZoneText.Find(TimeZone)));

    /// <summary>What is wrong with an expression or the name of a zone, and the way out; null when nothing is.</summary>
    /// <param name="expression">Like <see cref="Expression" />.</param>
    /// <param name="timeZone">Like <see cref="TimeZone" />.</param>
    public static string? Problem(string expression, string timeZone) => CronText.Problem(expression) ?? ZoneText.Problem(timeZone);

    /// <inheritdoc />
    public override string? Problem() => Problem(Expression, TimeZone);

    /// <inheritdoc />
    /// <exception cref="ArgumentException">There is a <see cref="Problem()" />.</exception>
    public override DateTimeOffset? Next(DateTimeOffset after, DateTimeOffset since)
    {
        if (_instants is null && Problem() is { } problem)
        {
            throw new ArgumentException(problem, nameof(after));
        }
        return Instants.Next(after.UtcDateTime) is { } next ? new DateTimeOffset(next) : null;
    }

    /// <summary>Whether both are written alike.</summary>
    public bool Equals(CronRecurrence? other) => other is not null && Expression == other.Expression && TimeZone == other.TimeZone;

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Expression, TimeZone);
}
