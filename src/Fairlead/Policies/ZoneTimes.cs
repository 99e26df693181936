namespace Fairlead.Policies;

/// <summary>
/// What the clocks of a time zone show, and when they are changed. Asks the zone only for its offset at an instant, and finds the changes by that: rules
/// that .NET derives from them (invalid and ambiguous times) know neither shifts of a whole day nor two changes in a row.
/// </summary>
internal sealed class ZoneTimes(TimeZoneInfo zone)
{
    /// <summary>No clock is farther from UTC (.NET allows 14 h).</summary>
    private static readonly TimeSpan Farthest = TimeSpan.FromHours(15);

    /// <summary>A clock that was put back shows again what it has shown for at most so long.</summary>
    public static readonly TimeSpan LongestRepeat = TimeSpan.FromDays(2);

    /// <summary>No clock is changed twice within so long.</summary>
    private static readonly TimeSpan Stride = TimeSpan.FromHours(1);

    /// <summary>The wall clock at an instant.</summary>
    public DateTime Shown(DateTime instant) => DateTime.SpecifyKind(instant + OffsetAt(instant), DateTimeKind.Unspecified);

    /// <summary>The wall clock less UTC.</summary>
    public TimeSpan OffsetAt(DateTime instant) => zone.GetUtcOffset(DateTime.SpecifyKind(instant, DateTimeKind.Utc));

    /// <summary>The latest wall clock time that was shown up to an instant: later than what is shown then while a clock that was put back repeats itself.</summary>
    public DateTime LatestShown(DateTime instant)
    {
        var latest = Shown(instant);
        for (var from = instant - LongestRepeat; FirstChange(from, instant) is { } change; from = change)
        {
            latest = Later(latest, Shown(change.AddTicks(-1)));
        }
        return latest;
    }

    /// <summary>The first instant at which the wall clock shows a time or a later one: for a time that is skipped the end of the gap, for one that is repeated the first.</summary>
    public DateTime FirstShowing(DateTime wall)
    {
        for (var from = wall - Farthest; ;)
        {
            var instant = wall - OffsetAt(from);
            if (FirstChange(from, instant) is not { } change)
            {
                return DateTime.SpecifyKind(instant, DateTimeKind.Utc);
            }
            if (Shown(change) >= wall)
            {
                return change;
            }
            from = change;
        }
    }

    /// <summary>The first instant with another offset.</summary>
    /// <param name="from">Exclusive.</param>
    /// <param name="until">Inclusive.</param>
    public DateTime? FirstChange(DateTime from, DateTime until)
    {
        var offset = OffsetAt(from);
        while (from < until)
        {
            var next = Earlier(from + Stride, until);
            if (OffsetAt(next) != offset)
            {
                return ChangeBetween(from, next, offset);
            }
            from = next;
        }
        return null;
    }

    private DateTime ChangeBetween(DateTime before, DateTime after, TimeSpan offset)
    {
        while (after.Ticks - before.Ticks > 1)
        {
            var middle = before.AddTicks((after.Ticks - before.Ticks) / 2);
            (before, after) = OffsetAt(middle) == offset ? (middle, after) : (before, middle);
        }
        return DateTime.SpecifyKind(after, DateTimeKind.Utc);
    }

    private static DateTime Earlier(DateTime one, DateTime other) => one < other ? one : other;

    private static DateTime Later(DateTime one, DateTime other) => one > other ? one : other;
}
