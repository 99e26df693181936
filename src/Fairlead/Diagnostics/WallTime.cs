namespace Fairlead.Diagnostics;

/// <summary>Splits wall time among causes: each moment in equal parts among the jobs that have not ended, so that it adds up to the wall time.</summary>
internal static class WallTime
{
    /// <summary>The seconds of each cause.</summary>
    public static Dictionary<(WaitCause Cause, string Key), double> Split(TimeSegment[] segments)
    {
        var names = segments.Select(segment => (segment.Cause, segment.Key)).Distinct().ToArray();
        var index = names.Select((name, i) => (name, i)).ToDictionary(entry => entry.name, entry => entry.i);
        var seconds = new double[names.Length];
        var open = new int[names.Length];
        var all = 0;
        DateTimeOffset last = default;
        foreach (var (at, step, cause) in Changes(segments, index))
        {
            if (all > 0 && at > last)
            {
                Add(seconds, open, (at - last).TotalSeconds / all);
            }
            last = at;
            open[cause] += step;
            all += step;
        }
        return names.Select((name, i) => (name, i)).ToDictionary(entry => entry.name, entry => seconds[entry.i]);
    }

    private static IEnumerable<(DateTimeOffset At, int Step, int Cause)> Changes(TimeSegment[] segments, Dictionary<(WaitCause, string), int> index) =>
        segments
            .SelectMany(segment => new[] { (At: segment.From, Step: 1, Cause: index[(segment.Cause, segment.Key)]), (At: segment.To, Step: -1, Cause: index[(segment.Cause, segment.Key)]) })
            .OrderBy(change => change.At);

    private static void Add(double[] seconds, int[] open, double each)
    {
        for (var i = 0; i < open.Length; i++)
        {
            seconds[i] += open[i] * each;
        }
    }
}
