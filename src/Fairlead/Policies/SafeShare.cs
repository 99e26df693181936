namespace Fairlead.Policies;

/// <summary>
/// What one node may use of a rate while the store cannot be reached: its share of the whole, evenly spaced, so that all live nodes together
/// never use more than the limit in any window, whatever their phases. Pure: no I/O, no clock.
/// </summary>
/// <param name="Spacing">How far its permits lie apart: the window divided by the whole permits of its share.</param>
/// <param name="Pause">How long after the last slot the store may have given the first own one comes.</param>
/// <remarks>
/// No share is given of what the pause after an outage (2 s, of which slots reserved ahead take 1) could not make up for: numbers at once,
/// calendar quotas, buckets that may be in debt, permits more than 1 s apart, exact windows longer than that.
/// </remarks>
internal readonly record struct SafeShare(TimeSpan Spacing, TimeSpan Pause)
{
    /// <summary>The furthest ahead a node reserves by itself.</summary>
    public static readonly TimeSpan Ahead = TimeSpan.FromSeconds(1);

    /// <summary>A node's share of a limit; null for none.</summary>
    /// <param name="limit">The limit in force.</param>
    /// <param name="liveNodes">How many nodes lived at the last heartbeat; 1 or more.</param>
    public static SafeShare? Of(Limit limit, int liveNodes)
    {
        if (limit is not { Rate: { } rate, Resets: null, Debt: false })
        {
            return null;
        }
        var plan = RatePlan.Of(limit, rate, factor: 1);
        // Whole permits: three nodes of 8/s with a third each, rounded up, would be 9.
        var permits = plan.Permits / Math.Max(1, liveNodes);
        if (permits == 0)
        {
            return null;
        }
        var spacing = TimeSpan.FromTicks((plan.Window + permits - 1) / permits);
        var pause = plan.Shape == LimitShape.Window ? TimeSpan.FromTicks(plan.Window) : spacing;
        return pause > Ahead ? null : new(spacing, pause);
    }

    /// <summary>The moment of the next permit.</summary>
    /// <param name="free">From when on the last own one's distance is kept.</param>
    /// <param name="over">When everything the store had given is over.</param>
    /// <param name="from">From when on this node has a share.</param>
    /// <param name="now">Now; all of it by the store's clock.</param>
    public DateTimeOffset Next(DateTimeOffset free, DateTimeOffset over, DateTimeOffset from, DateTimeOffset now)
    {
        DateTimeOffset[] bounds = [free, over + Pause, from, now];
        return bounds.Max();
    }
}
