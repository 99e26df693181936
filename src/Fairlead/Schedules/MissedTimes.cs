using Fairlead.Policies;

namespace Fairlead.Schedules;

/// <summary>The times that passed while nobody could start their rounds. An outage may be long and a schedule dense, so neither is walked from end to end.</summary>
internal static class MissedTimes
{
    /// <summary>More than so many times of a calendar are not counted.</summary>
    public const int MostCounted = 10_000;

    /// <summary>The newest times, the oldest of them first.</summary>
    /// <param name="when">When rounds are due.</param>
    /// <param name="since">Where counting began.</param>
    /// <param name="due">The oldest one.</param>
    /// <param name="until">Inclusive; not before <paramref name="due" />.</param>
    /// <param name="most">How many at most; at least one.</param>
    public static IReadOnlyList<DateTimeOffset> Newest(Recurrence when, DateTimeOffset since, DateTimeOffset due, DateTimeOffset until, int most)
    {
        for (var span = TimeSpan.FromMinutes(1); until - due > span; span *= 2)
        {
            var times = After(when, since, until - span, until).ToList();
            if (times.Count >= most)
            {
                return [.. times.TakeLast(most)];
            }
        }
        return [.. After(when, since, due, until).Prepend(due).TakeLast(most)];
    }

    /// <summary>How many there are; of a calendar, up to <see cref="MostCounted" />.</summary>
    /// <param name="when">When rounds are due.</param>
    /// <param name="since">Where counting began.</param>
    /// <param name="due">The oldest one.</param>
    /// <param name="until">Inclusive.</param>
    public static long Count(Recurrence when, DateTimeOffset since, DateTimeOffset due, DateTimeOffset until) =>
        until < due ? 0
        : when is FixedRate rate ? ((until - due).Ticks / rate.Every.Ticks) + 1
        : After(when, since, due, until).Take(MostCounted - 1).Count() + 1;

    private static IEnumerable<DateTimeOffset> After(Recurrence when, DateTimeOffset since, DateTimeOffset after, DateTimeOffset until)
    {
        for (var time = when.Next(after, since); time <= until; time = when.Next(time.Value, since))
        {
            yield return time.Value;
        }
    }
}
