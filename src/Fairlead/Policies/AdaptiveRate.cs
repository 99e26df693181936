namespace Fairlead.Policies;

/// <summary>
/// A published rate as a ceiling, adapted to what the upstream really grants: ×0.85 on a 429, up again by a two-thousandth of the ceiling
/// with every success (additive increase, multiplicative decrease; Chiu and Jain, 1989). So one 429 buys some 300 requests close to the
/// upstream's rate, whatever it is. A 429 to a call that was sent before the last cut says nothing new. Immutable.
/// </summary>
/// <param name="Factor">The share of the ceiling in use, from <see cref="Floor" /> to 1.</param>
/// <param name="CutAt">When it was last lowered.</param>
public readonly record struct AdaptiveRate(double Factor, DateTimeOffset CutAt)
{
    /// <summary>The lowest share: something must go through, or nobody learns that the upstream is back.</summary>
    public const double Floor = 0.02;

    private const double Decrease = 0.85;
    private const double Increase = 0.0005;

    /// <summary>The whole ceiling.</summary>
    public static AdaptiveRate Full { get; } = new(1, DateTimeOffset.MinValue);

    /// <summary>The upstream refused a call that was sent at <paramref name="sentAt" />.</summary>
    public AdaptiveRate Throttled(DateTimeOffset sentAt, DateTimeOffset now) =>
        sentAt < CutAt ? this : new(Math.Max(Floor, Factor * Decrease), now);

    /// <summary>So many calls went through.</summary>
    public AdaptiveRate Succeeded(long calls) => this with { Factor = Math.Min(1, Factor + (calls * Increase)) };
}
