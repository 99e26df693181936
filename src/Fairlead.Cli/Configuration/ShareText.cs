using System.Globalization;

namespace Fairlead.Cli.Configuration;

/// <summary>Shares as people write them: <c>10%</c>, <c>2 %</c>, <c>0.1</c>.</summary>
internal static class ShareText
{
    public static bool TryParse(string text, out double share)
    {
        var digits = text.TrimEnd('%').TrimEnd();
        var read = double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out share);
        share /= text.EndsWith('%') ? 100 : 1;
        return read;
    }
}
