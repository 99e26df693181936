namespace Fairlead.Samples.Upstreams;

/// <summary>
/// A service that changes its mind: a token bucket whose rate can be set while it runs, here or by <c>/rate?per_second=5</c>. Beyond it:
/// 429 with <c>Retry-After</c>, in whole seconds as HTTP wants it.
/// </summary>
/// <param name="clock">Its time.</param>
/// <param name="perSecond">Calls per second at first.</param>
/// <param name="burst">The size of its bucket.</param>
/// <param name="saysWhen">False: a 429 comes without <c>Retry-After</c>.</param>
public sealed class Adjustable(TimeProvider clock, double perSecond = 8, double burst = 8, bool saysWhen = true) : IUpstream
{
    private readonly TokenBucket _bucket = new(perSecond, burst, clock);

    /// <inheritdoc />
    public string Name => "adjustable";

    /// <summary>Calls per second.</summary>
    public double PerSecond => _bucket.PerSecond;

    /// <inheritdoc />
    public UpstreamAnswer Answer(UpstreamCall call)
    {
        if (call.Path == "/rate")
        {
            _bucket.PerSecond = Math.Max(0.001, call.Number("per_second", PerSecond));
            return new(200, new { per_second = PerSecond }) { Counts = false };
        }
        if (_bucket.TryTake())
        {
            return new(200, new { ok = true });
        }
        var refused = new UpstreamAnswer(429, new { error = "Too many requests." });
        return saysWhen ? refused.With("Retry-After", Math.Ceiling(_bucket.TimeUntil(1).TotalSeconds)) : refused;
    }
}
