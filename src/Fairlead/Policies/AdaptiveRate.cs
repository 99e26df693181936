namespace Fairlead.Policies;

/// <summary>
/// A published rate as a ceiling, adapted to what the upstream really grants: ×0.85 on a 429, up again by a two-thousandth of the ceiling
/// with every success (additive increase, multiplicative decrease; Chiu and Jain, 1989). So one 429 buys some 300 requests close to the
/// upstream's rate, whatever it is. A 429 to a call that was paced by the rate before the last cut says nothing new: if those that were on
/// their way, or had their permit, cut once more each, an upstream that closes for a second at each 429 is used to 84 % instead of 95 %
/// (burst 5; 89 % instead of 100 % with burst 10). Immutable.
/// </summary>
/// <param name="Factor">The share of the ceiling in use, from <see cref="Floor" /> to 1.</param>
/// <param name="CutAt">From when on calls are paced by the last cut: the first slot that was free when it was made.</param>
public readonly record struct AdaptiveRate(double Factor, DateTimeOffset CutAt)
{
    /// <summary>The lowest share: something must go through, or nobody learns that the upstream is back.</summary>
    public const double Floor = 0.02;

    private const double Decrease = 0.85;
    private const double Increase = 0.0005;

    /// <summary>The whole ceiling.</summary>
    public static AdaptiveRate Full { get; } = new(1, DateTimeOffset.MinValue);

    /// <summary>The upstream refused a call.</summary>
    /// <param name="sentAt">When the call was sent.</param>
    /// <param name="holdsFrom">From when on calls are paced by what this returns.</param>
    public AdaptiveRate Throttled(DateTimeOffset sentAt, DateTimeOffset holdsFrom) =>
        sentAt < CutAt ? this : new(Math.Max(Floor, Factor * Decrease), holdsFrom);

    /// <summary>So many calls went through.</summary>
    public AdaptiveRate Succeeded(long calls) => this with { Factor = Math.Min(1, Factor + (calls * Increase)) };
}
