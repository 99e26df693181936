namespace Fairlead.Engine;

/// <summary>
/// How long jobs of this node run, as a moving average that follows slow ones at once and quick ones slowly: claiming ahead of a
/// slow job would make another wait behind it.
/// </summary>
internal sealed class RunTimeEstimate
{
    private const double Weight = 0.05;
    private double _seconds = double.PositiveInfinity;

    /// <summary>One more job ran this long. Called from anywhere; a lost update does no harm.</summary>
    public void Add(TimeSpan ran)
    {
        var last = Volatile.Read(ref _seconds);
        var now = ran.TotalSeconds;
        Volatile.Write(ref _seconds, double.IsInfinity(last) || now > last ? Math.Max(now, 1e-6) : last + ((now - last) * Weight));
    }

    /// <summary>How many jobs <paramref name="slots" /> slots run within <paramref name="time" />; 0 when one takes longer than that.</summary>
    public int JobsWithin(TimeSpan time, int slots, int atMost)
    {
        var each = Volatile.Read(ref _seconds);
        return each > time.TotalSeconds ? 0 : (int)Math.Min(atMost, slots * time.TotalSeconds / Math.Max(each, 1e-6));
    }
}
