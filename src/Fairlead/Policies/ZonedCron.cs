namespace Fairlead.Policies;

/// <summary>
/// The instants at which the times of a cron expression come in a time zone. What happens when clocks are changed is decided here; <c>docs/schedules.md</c> has the
/// table, and why.
/// </summary>
internal sealed class ZonedCron(CronTimes times, ZoneTimes zone)
{
    /// <summary>Around these no wall clock can be told.</summary>
    private static readonly DateTime Earliest = DateTime.MinValue.AddDays(7), Last = DateTime.MaxValue.AddDays(-7);

    /// <summary>The first instant after another one; null when there is none.</summary>
    public DateTime? Next(DateTime after) =>
        after < Earliest ? Next(Earliest)
        : times.IsInterval ? NextInterval(after)
        : NextFixed(after);

    /// <summary>Times of the day come when the clock first shows them, or first shows a later one: never lost, never twice.</summary>
    private DateTime? NextFixed(DateTime after) =>
        after < Last && times.Next(zone.LatestShown(after)) is { } wall && wall < Last ? zone.FirstShowing(wall) : null;

    /// <summary>Intervals come whenever the clock shows them, twice in an hour that is repeated, and at the end of a gap in which some were lost.</summary>
    private DateTime? NextInterval(DateTime from)
    {
        while (from < Last && times.Next(zone.Shown(from)) is { } wall && wall < Last)
        {
            var instant = wall - zone.OffsetAt(from);
            if (zone.FirstChange(from, Near(from, instant)) is { } change)
            {
                if (times.Contains(zone.Shown(change)) || LosesSome(change))
                {
                    return change;
                }
                from = change;
            }
            else if (instant - from <= ZoneTimes.LongestRepeat)
            {
                return DateTime.SpecifyKind(instant, DateTimeKind.Utc);
            }
            else
            {
                // Nothing lies between, however often the clocks are changed there, but what they may show again just after and just before.
                from = instant - ZoneTimes.LongestRepeat;
            }
        }
        return null;
    }

    /// <summary>
    /// Whether a gap swallows a time that does not come all the same when one goes on counting as if the clock had not been changed: <c>15 * * * *</c> comes an hour
    /// after the last one anyway, <c>15 2 * * *</c> or <c>15 */2 * * *</c> does not.
    /// </summary>
    private bool LosesSome(DateTime change)
    {
        var (before, after) = (zone.Shown(change.AddTicks(-1)).AddTicks(1), zone.Shown(change));
        for (var wall = times.Next(before.AddTicks(-1)); wall < after; wall = times.Next(wall.Value))
        {
            if (!times.Contains(wall.Value + (after - before)))
            {
                return true;
            }
        }
        return false;
    }

    private static DateTime Near(DateTime from, DateTime instant) => instant - from > ZoneTimes.LongestRepeat ? from + ZoneTimes.LongestRepeat : instant;
}
