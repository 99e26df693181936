using System.Globalization;

namespace Fairlead;

/// <summary>Durations as people write them: <c>250ms 60s 5m 2h 7d</c>, with a fraction if wanted.</summary>
internal static class DurationText
{
    private static readonly (string Unit, double Seconds)[] Units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];

    public static bool TryParse(string text, out TimeSpan duration)
    {
        foreach (var (unit, seconds) in Units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                && number * seconds < TimeSpan.FromDays(36_500).TotalSeconds)
            {
                duration = TimeSpan.FromSeconds(number * seconds);
                return true;
            }
        }
        duration = default;
        return false;
    }

    /// <summary>The shortest way to write it that reads back the same.</summary>
    public static string Format(TimeSpan duration)
    {
        var seconds = duration.TotalSeconds;
        var (unit, each) = duration == TimeSpan.Zero ? ("s", 1) : Units.Last(candidate => candidate.Seconds <= seconds && IsWhole(seconds / candidate.Seconds) || candidate.Unit == "ms");
        return string.Create(CultureInfo.InvariantCulture, $"{seconds / each:0.######}{unit}");
    }

    /// <summary>A duration for reading, with three figures: <c>0.42 s</c>, <c>75.1 s</c>, <c>33.4 min</c>.</summary>
    public static string ForPeople(double seconds) => seconds switch
    {
        < 0.9995 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1000:0} ms"),
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s"),
        < 7200 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0.0} min"),
        < 172_800 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.0} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 86_400:0.0} d"),
    };

    private static bool IsWhole(double number) => Math.Abs(number - Math.Round(number)) < 1e-9;
}
