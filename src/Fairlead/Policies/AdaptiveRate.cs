namespace Fairlead.Policies;

/// <summary>
/// A published rate as a ceiling, adapted to what the upstream really grants: ×0.85 on a 429, up again a little with every success (additive
/// increase, multiplicative decrease; Chiu and Jain, 1989). The share at which the last 429 came is remembered: the climb is slow around it and
/// the quicker the further away (as CUBIC does; RFC 9438), so that one 429 buys some 400 calls close to the upstream's rate with little beyond
/// it, and an upstream that is back is followed soon. A 429 on the way down, before the last cut was climbed back, says that the upstream grants
/// much less than it did: it cuts deeper, and the climb is slow from there. A 429 to a call that was paced by the rate before the last cut
/// says nothing new: if those that were on their way, or had their permit, cut once more each, an upstream that closes for a second at each 429
/// is used to 84 % instead of 95 % (burst 5; 89 % instead of 100 % with burst 10). Immutable.
/// </summary>
/// <param name="Factor">The share of the ceiling in use, from <see cref="Floor" /> to 1.</param>
/// <param name="CutAt">From when on calls are paced by the last cut: the first slot that was free when it was made.</param>
/// <param name="Around">Where the upstream's own rate is taken to be, as a share of the ceiling: there the climb is slow.</param>
public readonly record struct AdaptiveRate(double Factor, DateTimeOffset CutAt, double Around = 1)
{
    /// <summary>The lowest share: something must go through, or nobody learns that the upstream is back.</summary>
    public const double Floor = 0.02;

    private const double Cut = 0.85;
    private const double DeeperCut = 0.75;
    private const double OnTheWayDown = 0.93;
    private const double Slowest = 0.0002;
    private const double QuickerWithDistance = 0.006;

    /// <summary>The whole ceiling.</summary>
    public static AdaptiveRate Full { get; } = new(1, DateTimeOffset.MinValue);

    /// <summary>The upstream refused a call.</summary>
    /// <param name="sentAt">When the call was sent.</param>
    /// <param name="holdsFrom">From when on calls are paced by what this returns.</param>
    public AdaptiveRate Throttled(DateTimeOffset sentAt, DateTimeOffset holdsFrom)
    {
        if (sentAt < CutAt)
        {
            return this;
        }
        var deeper = Math.Max(Floor, Factor * DeeperCut);
        return Factor < Around * OnTheWayDown
            ? new(deeper, holdsFrom, deeper)
            : new(Math.Max(Floor, Factor * Cut), holdsFrom, Factor);
    }

    /// <summary>So many calls went through.</summary>
    public AdaptiveRate Succeeded(long calls) =>
        this with { Factor = Math.Min(1, Factor + (calls * (Slowest + (QuickerWithDistance * Math.Abs(Factor - Around))))) };
}
