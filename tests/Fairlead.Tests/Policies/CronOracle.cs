using System.Globalization;

namespace Fairlead.Tests.Policies;

/// <summary>
/// When a cron expression comes, told by looking at the wall clock of a zone at every minute or second of a span, with fields read by another reader than the
/// program's. It knows nothing of changes of the clock but what it sees: a wall clock that jumps.
/// </summary>
internal sealed class CronOracle
{
    private readonly HashSet<int>[] _fields;
    private readonly TimeSpan _step;
    private readonly bool _interval;

    public CronOracle(string expression)
    {
        string[] fields = expression.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        _step = fields.Length == 6 ? TimeSpan.FromSeconds(1) : TimeSpan.FromMinutes(1);
        string[] all = fields.Length == 6 ? fields : ["0", .. fields];
        _interval = $"{all[1]} {all[2]}".IndexOfAny(['*', '-', '/']) >= 0;
        (int Low, int High)[] bounds = [(0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];
        _fields = [.. all.Zip(bounds, static (text, bound) => text.Split(',').SelectMany(part => Values(part, bound.Low, bound.High)).ToHashSet())];
    }

    /// <summary>All its instants, the first at <paramref name="from" /> or later, the last before <paramref name="until" />; both UTC.</summary>
    public List<DateTime> Between(TimeZoneInfo zone, DateTime from, DateTime until)
    {
        var found = new List<DateTime>();
        // Begins early enough to have seen what a clock that was put back repeats.
        var instant = from - TimeSpan.FromDays(2);
        var shown = Wall(zone, instant - _step);
        var latest = shown;
        for (; instant < until; instant += _step)
        {
            var wall = Wall(zone, instant);
            if (instant >= from && (_interval ? ComesAsInterval(shown, wall) : Skipped(latest, wall).Append(wall).Any(time => time > latest && Names(time))))
            {
                found.Add(instant);
            }
            shown = wall;
            latest = wall > latest ? wall : latest;
        }
        return found;
    }

    private bool ComesAsInterval(DateTime before, DateTime wall)
    {
        var gap = wall - before - _step;
        return Names(wall) || Skipped(before, wall).Any(time => Names(time) && !Names(time + gap));
    }

    private static DateTime Wall(TimeZoneInfo zone, DateTime instant) => TimeZoneInfo.ConvertTimeFromUtc(instant, zone);

    private static IEnumerable<int> Values(string part, int low, int high)
    {
        var step = part.Contains('/') ? int.Parse(part[(part.IndexOf('/') + 1)..], CultureInfo.InvariantCulture) : 1;
        var range = part.Split('/')[0];
        int first = range == "*" ? low : Value(range.Split('-')[0]), last = range.Contains('-') ? Value(range.Split('-')[1]) : range == "*" || part.Contains('/') ? high : first;
        return Enumerable.Range(low, high - low + 1).Where(value => value >= first && value <= last && (value - first) % step == 0);
    }

    private static int Value(string text)
    {
        string[] names = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
        var index = Array.IndexOf(names, text);
        return index < 0 ? int.Parse(text, CultureInfo.InvariantCulture) : index < 7 ? index : index - 6;
    }

    /// <summary>The times between two that a clock never showed, at its own pace.</summary>
    private IEnumerable<DateTime> Skipped(DateTime before, DateTime after)
    {
        for (var time = before + _step; time < after; time += _step)
        {
            yield return time;
        }
    }

    private bool Names(DateTime wall)
    {
        int[] parts = [wall.Second, wall.Minute, wall.Hour, wall.Day, wall.Month, (int)wall.DayOfWeek];
        return parts.Zip(_fields, static (part, field) => field.Contains(part)).All(static matches => matches);
    }
}
