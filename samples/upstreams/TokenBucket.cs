namespace Fairlead.Samples.Upstreams;

/// <summary>
/// A token bucket as upstreams keep one, to the tick: it fills at a rate up to a size, and the rate may change while it runs. Not for
/// several threads: each service asks under its own lock.
/// </summary>
public sealed class TokenBucket
{
    /// <summary>Sums of fractions: eight times an eighth is a token.</summary>
    private const double Rounding = 1e-6;

    private readonly TimeProvider _clock;
    private readonly TimeSpan _step;
    private DateTimeOffset _at;
    private double _tokens;
    private double _perSecond;

    /// <summary>A full bucket.</summary>
    /// <param name="perSecond">Tokens per second; more than zero.</param>
    /// <param name="size">How many it holds; 1 or more.</param>
    /// <param name="clock">Its time.</param>
    /// <param name="step">It fills in steps of so much time; zero (the default) for continuously.</param>
    public TokenBucket(double perSecond, double size, TimeProvider clock, TimeSpan step = default)
    {
        (_perSecond, Size, _clock, _step, _tokens, _at) = (perSecond, size, clock, step, size, clock.GetUtcNow());
    }

    /// <summary>How many it holds.</summary>
    public double Size { get; }

    /// <summary>Tokens per second; what came in so far stays.</summary>
    public double PerSecond
    {
        get => _perSecond;
        set
        {
            Fill();
            _perSecond = value;
        }
    }

    /// <summary>What is in it; below zero in debt.</summary>
    public double Tokens
    {
        get
        {
            Fill();
            return _tokens;
        }
    }

    /// <summary>Whether it holds so many.</summary>
    public bool Has(double tokens) => Tokens >= tokens - Rounding;

    /// <summary>Takes so many, whether it holds them or not.</summary>
    public void Take(double tokens)
    {
        Fill();
        _tokens -= tokens;
    }

    /// <summary>Takes so many if it holds them.</summary>
    public bool TryTake(double tokens = 1)
    {
        if (!Has(tokens))
        {
            return false;
        }
        Take(tokens);
        return true;
    }

    /// <summary>How long until it holds so many, when nobody takes any.</summary>
    public TimeSpan TimeUntil(double tokens)
    {
        var seconds = Math.Max(0, tokens - Tokens - Rounding) / _perSecond;
        if (seconds <= 0)
        {
            return TimeSpan.Zero;
        }
        var steps = _step > TimeSpan.Zero ? Math.Ceiling(seconds / _step.TotalSeconds) * _step : TimeSpan.FromSeconds(seconds);
        return steps - (_clock.GetUtcNow() - _at);
    }

    /// <summary>How long until its next step; zero when it fills continuously.</summary>
    public TimeSpan TimeUntilStep()
    {
        Fill();
        return _step - (_clock.GetUtcNow() - _at);
    }

    private void Fill()
    {
        var passed = _clock.GetUtcNow() - _at;
        var counted = _step > TimeSpan.Zero ? TimeSpan.FromTicks(passed.Ticks / _step.Ticks * _step.Ticks) : passed;
        _at += counted;
        _tokens = Math.Min(Size, _tokens + (counted.TotalSeconds * _perSecond));
    }
}
