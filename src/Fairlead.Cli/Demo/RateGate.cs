namespace Fairlead.Cli.Demo;

/// <summary>
/// A token bucket, as SP-API publishes its limits (rate and burst): so many at once, and refilled at the rate. It does not mind a call that
/// comes some milliseconds early, and refuses whoever is too fast.
/// </summary>
internal sealed class RateGate(int perSecond, int burst, TimeProvider time)
{
    private readonly Lock _gate = new();
    private double _tokens = burst;
    private long _filledAt = time.GetTimestamp();

    /// <summary>Takes one token if there is one.</summary>
    /// <param name="wait">If not: how long until there is.</param>
    public bool TryPass(out TimeSpan wait)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            _tokens = Math.Min(burst, _tokens + (time.GetElapsedTime(_filledAt, now).TotalSeconds * perSecond));
            _filledAt = now;
            wait = _tokens >= 1 ? TimeSpan.Zero : TimeSpan.FromSeconds((1 - _tokens) / perSecond);
            _tokens -= _tokens >= 1 ? 1 : 0;
            return wait == TimeSpan.Zero;
        }
    }
}
