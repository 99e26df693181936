using System.Globalization;

namespace Fairlead;

/// <summary>So many permits in so much time: <c>8/s</c>, <c>90000/m</c>, <c>5000/day</c>, <c>1/2s</c>.</summary>
/// <param name="Permits">How many; 1 or more.</param>
/// <param name="Per">In how much time; more than zero.</param>
[System.ComponentModel.TypeConverter(typeof(RateConverter))]
public readonly record struct Rate(long Permits, TimeSpan Per)
{
    private static readonly (string Name, TimeSpan Per)[] Units =
    [
        ("s", TimeSpan.FromSeconds(1)), ("m", TimeSpan.FromMinutes(1)), ("h", TimeSpan.FromHours(1)), ("day", TimeSpan.FromDays(1)),
    ];

    /// <summary>Permits per second.</summary>
    public double PerSecond => Permits / Per.TotalSeconds;

    /// <summary>Reads a rate as people write it.</summary>
    /// <exception cref="FormatException">It is none; the message says what was expected.</exception>
    public static Rate Parse(string text) => TryParse(text, out var rate)
        ? rate
        : throw new FormatException($"Expected a rate such as 8/s, 90000/m, 5000/day or 1/2s (whole permits per s, m, h, day or a multiple of them); got '{text}'.");

    /// <summary>Reads a rate as people write it.</summary>
    public static bool TryParse(string? text, out Rate rate)
    {
        rate = default;
        var parts = (text ?? "").Split('/', 2, StringSplitOptions.TrimEntries);
        if (parts.Length != 2 || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var permits) || permits < 1)
        {
            return false;
        }
        var digits = parts[1].AsSpan().IndexOfAnyExceptInRange('0', '9');
        var unit = digits < 0 ? "" : parts[1][digits..];
        var times = digits <= 0 ? 1 : int.TryParse(parts[1].AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0;
        var per = unit switch { "ms" => TimeSpan.FromMilliseconds(1), "d" => TimeSpan.FromDays(1), _ => Array.Find(Units, u => u.Name == unit).Per };
        if (times < 1 || per <= TimeSpan.Zero || (unit == "ms" && digits <= 0))
        {
            return false;
        }
        rate = new(permits, per * times);
        return true;
    }

    /// <summary>As people write it.</summary>
    public override string ToString()
    {
        var per = Per;
        var unit = Array.FindLast(Units, u => u.Per > TimeSpan.Zero && per.Ticks % u.Per.Ticks == 0);
        var times = unit.Name is null ? per.Ticks / TimeSpan.TicksPerMillisecond : per.Ticks / unit.Per.Ticks;
        return string.Create(CultureInfo.InvariantCulture, $"{Permits}/{(times == 1 && unit.Name is not null ? "" : times)}{unit.Name ?? "ms"}");
    }
}

/// <summary>Rates as they are said: <c>5.PerSecond()</c>.</summary>
public static class RateExtensions
{
    /// <summary>So many permits per second.</summary>
    public static Rate PerSecond(this int permits) => new(permits, TimeSpan.FromSeconds(1));

    /// <summary>So many permits per minute.</summary>
    public static Rate PerMinute(this int permits) => new(permits, TimeSpan.FromMinutes(1));

    /// <summary>So many permits per hour.</summary>
    public static Rate PerHour(this int permits) => new(permits, TimeSpan.FromHours(1));

    /// <summary>So many permits per day.</summary>
    public static Rate PerDay(this int permits) => new(permits, TimeSpan.FromDays(1));
}
