using System.Globalization;

namespace Fairlead;

/// <summary>Sizes as people write them: <c>512B 64KiB 2GiB</c>.</summary>
internal static class SizeText
{
    private static readonly (string Unit, long Bytes)[] Units = [("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10), ("B", 1)];

    public static bool TryParse(string text, out long bytes)
    {
        foreach (var (unit, each) in Units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                && number * each <= long.MaxValue / 2)
            {
                bytes = (long)(number * each);
                return true;
            }
        }
        bytes = 0;
        return false;
    }

    /// <summary>A size for reading.</summary>
    public static string ForPeople(long bytes)
    {
        var (unit, each) = Units.FirstOrDefault(candidate => bytes >= candidate.Bytes, Units[^1]);
        return each == 1 ? $"{bytes} B" : string.Create(CultureInfo.InvariantCulture, $"{(double)bytes / each:0.#} {unit}");
    }
}
