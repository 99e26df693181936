using System.Globalization;

namespace Fairlead.Bench.PostgreSql;

/// <summary>Measurements of one thing, sorted.</summary>
internal sealed class Spread(IEnumerable<double> values)
{
    private readonly double[] sorted = [.. values.Order()];

    public double Least => sorted[0];

    public double Most => sorted[^1];

    public double Median => At(0.5);

    /// <summary>The value that this share of all does not exceed.</summary>
    public double At(double share) => sorted[Math.Clamp((int)Math.Ceiling(sorted.Length * share) - 1, 0, sorted.Length - 1)];

    /// <summary>The median of rates, with the least and the most when there are several.</summary>
    public string PerSecond() => sorted.Length == 1 ? Text($"{Median:N0}/s") : Text($"{Median:N0}/s ({Least:N0}–{Most:N0})");

    /// <summary>Percentiles of times in milliseconds.</summary>
    public string Milliseconds() => Text($"p50 {At(0.5):N2} ms, p95 {At(0.95):N2} ms, p99 {At(0.99):N2} ms, max {Most:N1} ms");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
