using System.Globalization;

namespace Fairlead.Bench.Soak;

/// <summary>
/// What a soak showed: each figure as the last quarter against the second, of which the middle one counts, so that a moment's hiccup says nothing. History goes once a
/// minute, so tables rise and fall: they are compared by their peaks, those of the second half with those of the first.
/// </summary>
internal sealed record SoakFindings(IReadOnlyList<SoakSample> Samples, long Enqueued, long Done)
{
    public double Managed => Growth(static sample => sample.Managed);

    public double Resident => Growth(static sample => sample.Resident);

    public double P50 => Growth(static sample => sample.P50);

    public double P99 => Growth(static sample => sample.P99);

    public double Tables => (double)Samples.Skip(Samples.Count / 2).Max(static sample => sample.Tables) / Samples.Take(Samples.Count / 2).Max(static sample => sample.Tables);

    /// <summary>Whether nothing grew; the slowest hundredth depends on what else the machine does.</summary>
    public bool IsFlat => Managed < 1.3 && Resident < 1.3 && Tables < 1.3 && P50 < 1.5 && P99 < 3;

    /// <summary>The middle of the last quarter by that of the second.</summary>
    private double Growth(Func<SoakSample, double> figure) => Middle(figure, 3) / Middle(figure, 1);

    private double Middle(Func<SoakSample, double> figure, int quarter)
    {
        var length = Samples.Count / 4;
        return Samples.Skip(quarter * length).Take(length).Select(figure).Order().ElementAt(length / 2);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Enqueued:N0} jobs in {Samples[^1].At.TotalSeconds:0} s, {Done:N0} run; last quarter by second: managed memory {Managed:0.00}, resident {Resident:0.00}, p50 {P50:0.00}, p99 {P99:0.00}; second half by first: peak of tables {Tables:0.00}; "
        + $"in the last quarter {Middle(static sample => sample.Managed, 3) / 1048576:0.0} MiB, {Middle(static sample => sample.Resident, 3) / 1048576:0} MiB, {Middle(static sample => sample.P50, 3):0.0} ms, {Middle(static sample => sample.P99, 3):0.0} ms, {Middle(static sample => sample.Tables, 3) / 1048576:0.0} MiB");
}
