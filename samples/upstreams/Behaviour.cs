namespace Fairlead.Samples.Upstreams;

/// <summary>How a service behaves apart from its limits. The same seed draws the same chances in the same order.</summary>
public sealed record Behaviour
{
    /// <summary>The mean time from a call to its answer, half of it before the service decides. Default 0.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>How much that time varies: uniform from <c>Latency − Jitter</c> to <c>Latency + Jitter</c>, never below zero. Default 0.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>The share of admitted calls that are answered with 503. 0 to 1; default 0.</summary>
    public double ErrorShare { get; init; }

    /// <summary>The share of admitted calls that hang. 0 to 1; default 0.</summary>
    public double HangShare { get; init; }

    /// <summary>How long they do. Default 34 minutes.</summary>
    public TimeSpan HangFor { get; init; } = TimeSpan.FromMinutes(34);

    /// <summary>What chance begins with. Default 1.</summary>
    public int Seed { get; init; } = 1;
}

/// <summary>What chance has for one call.</summary>
/// <param name="Before">From its arrival to the service's decision.</param>
/// <param name="After">From the decision to the answer.</param>
/// <param name="Fails">Answered with 503, if it was admitted.</param>
/// <param name="Hangs">Not answered for long, if it was admitted.</param>
public readonly record struct Fate(TimeSpan Before, TimeSpan After, bool Fails, bool Hangs)
{
    /// <summary>Draws the next one.</summary>
    public static Fate Draw(Behaviour behaviour, Random random)
    {
        var whole = behaviour.Latency + (behaviour.Jitter * ((2 * random.NextDouble()) - 1));
        var half = whole > TimeSpan.Zero ? whole / 2 : TimeSpan.Zero;
        return new(half, half, random.NextDouble() < behaviour.ErrorShare, random.NextDouble() < behaviour.HangShare);
    }
}
