namespace Fairlead.Testing.Conformance.Cases;

/// <summary>Counts what falls into windows of time: half open, as the promise of a limit is.</summary>
internal static class Windows
{
    /// <summary>The most moments in any window of that length.</summary>
    public static int Most(IEnumerable<DateTimeOffset> moments, TimeSpan window)
    {
        var sorted = moments.Order().ToList();
        var (first, most) = (0, 0);
        for (var last = 0; last < sorted.Count; last++)
        {
            while (sorted[last] - sorted[first] >= window)
            {
                first++;
            }
            most = Math.Max(most, last - first + 1);
        }
        return most;
    }

    /// <summary>By how many moments the worst stretch of time exceeds <c>burst − 1 + ⌈rate · t⌉</c>; zero or less when none does.</summary>
    public static double MostBeyond(IEnumerable<DateTimeOffset> moments, int burst, Rate rate)
    {
        var sorted = moments.Order().ToList();
        var worst = double.MinValue;
        for (var first = 0; first < sorted.Count; first++)
        {
            for (var last = first; last < sorted.Count; last++)
            {
                // The shortest half-open stretch that holds them all is a tick longer than they lie apart.
                var permits = Math.Ceiling(((sorted[last] - sorted[first]).Ticks + 1) * (double)rate.Permits / rate.Per.Ticks);
                worst = Math.Max(worst, last - first + 1 - (burst - 1 + permits));
            }
        }
        return worst;
    }
}
