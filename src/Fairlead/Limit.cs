using System.Text.Json.Serialization;
using Fairlead.Policies;

namespace Fairlead;

/// <summary>
/// What a named limit allows, in the whole cluster, by the store's clock: a <see cref="Rate" />, or a number at once
/// (<see cref="Concurrent(int)" />). A rate is smooth by default: one permit every <c>Per / Permits</c>, at most <c>Permits</c> in
/// <em>any</em> window of <c>Per</c>. Equal limits are equal records: the store holds one definition of a name.
/// </summary>
public sealed record Limit
{
    /// <summary>How many permits in how much time; null for a limit of a number at once.</summary>
    public Rate? Rate { get; init; }

    /// <summary>How many permits may be held at once, over all queues and nodes; null for a rate. In configuration: <c>Concurrent</c>.</summary>
    [Microsoft.Extensions.Configuration.ConfigurationKeyName("Concurrent")]
    public int? AtOnce { get; init; }

    /// <summary>
    /// More than 1 makes the rate a token bucket of this size: at most <c>Burst − 1 + ⌈rate · t⌉</c> in any time t. Default 1: no burst.
    /// </summary>
    public int Burst { get; init; } = 1;

    /// <summary>How the permits lie in their window. Default <see cref="LimitShape.Smooth" />.</summary>
    public LimitShape Shape { get; init; }

    /// <summary>Makes a rate per day a calendar quota: all of it may be used at once, and it is whole again at this time of day; null for none.</summary>
    public DailyReset? Resets { get; init; }

    /// <summary>True: each group has a limit of its own.</summary>
    public bool PerGroup { get; init; }

    /// <summary>
    /// True: admitted while anything is left in the bucket, charged afterwards with what it really cost; the bucket may go below zero.
    /// </summary>
    public bool Debt { get; init; }

    /// <summary>The share of the rate that is left unused, 0.02 for 2 %: for upstreams across a network whose delay varies. 0 up to 0.5; default 0.</summary>
    public double Margin { get; init; }

    /// <summary>True: the rate is a ceiling; a 429 lowers it by 15 %, successes raise it slowly again (<see cref="AdaptiveRate" />).</summary>
    public bool Adaptive { get; init; }

    /// <summary>The response headers by which an upstream says what is left; null for none.</summary>
    public LimitHeaders? Headers { get; init; }

    /// <summary>The circuit breaker around what this limit guards, fed by calls made through it; null for none.</summary>
    public BreakerPolicy? Breaker { get; init; }

    /// <summary>True when permits are held until they are given back, rather than used up.</summary>
    [JsonIgnore]
    public bool IsConcurrent => AtOnce is not null;

    /// <summary>A limit of a number at once.</summary>
    /// <param name="permits">How many; 1 or more.</param>
    public static Limit Concurrent(int permits) => new() { AtOnce = permits };

    /// <summary>A smooth limit of that rate.</summary>
    public static implicit operator Limit(Rate rate) => FromRate(rate);

    /// <summary>A smooth limit of that rate.</summary>
    public static Limit FromRate(Rate rate) => new() { Rate = rate };

    /// <summary>As people write it: <c>8/s</c>, <c>100/m window</c>, <c>10 at once</c>.</summary>
    public override string ToString()
    {
        var parts = new List<string> { Rate?.ToString() ?? $"{AtOnce} at once" };
        parts.AddRange(Burst > 1 ? [$"burst {Burst}"] : []);
        parts.AddRange(Shape == LimitShape.Window ? ["window"] : []);
        parts.AddRange(Resets is { } resets ? [$"resets {resets}"] : []);
        parts.AddRange(PerGroup ? ["per group"] : []);
        parts.AddRange(Debt ? ["debt"] : []);
        parts.AddRange(Margin > 0 ? [string.Create(System.Globalization.CultureInfo.InvariantCulture, $"margin {Margin:0.##%}")] : []);
        parts.AddRange(Adaptive ? ["adaptive"] : []);
        parts.AddRange(Breaker is { } breaker ? [$"breaker {breaker.Failures}"] : []);
        return string.Join(", ", parts);
    }

    /// <summary>Every rule that the limit breaks, in words; empty when it is sound.</summary>
    internal IEnumerable<string> Problems(string name)
    {
        if (name.Length is 0 or > 200 || name.Contains('/', StringComparison.Ordinal))
        {
            yield return $"A limit's name has 1 to 200 characters and no slash; got '{(name.Length > 200 ? $"{name.Length} characters" : name)}'.";
        }
        if (Rate is null == AtOnce is null)
        {
            yield return $"Limit '{name}' expects either a rate, such as 8/s, or a number at once (Limit.Concurrent(10)); got {(Rate is null ? "neither" : "both")}.";
        }
        if (Rate is { Permits: < 1 } or { Per.Ticks: <= 0 } || AtOnce is < 1)
        {
            yield return $"Limit '{name}' expects at least one permit in more than no time; got {this}.";
        }
        if (Burst < 1)
        {
            yield return $"Limit '{name}': Burst expects 1 or more; got {Burst}.";
        }
        if (Margin is < 0 or > 0.5 or double.NaN)
        {
            yield return $"Limit '{name}': Margin expects a share from 0 to 0.5, such as 0.02 for 2 %; got {Margin}.";
        }
        if (Resets is not null && (Rate?.Per != TimeSpan.FromDays(1) || Shape != LimitShape.Smooth || Burst > 1 || Debt || Adaptive))
        {
            yield return $"Limit '{name}': Resets goes with a plain rate per day, such as 5000/day; got {this}.";
        }
        if (Resets is { } reset && !reset.IsKnown)
        {
            yield return $"Limit '{name}': the time zone '{reset.TimeZone}' is not known here; write it like America/Los_Angeles.";
        }
        if (Shape == LimitShape.Window && (Burst > 1 || Debt))
        {
            yield return $"Limit '{name}': a window already lets all its permits go at once; leave out Burst and Debt, or the shape.";
        }
        if (IsConcurrent && (Burst > 1 || Shape == LimitShape.Window || Resets is not null || Debt || Margin > 0 || Adaptive || Headers is not null))
        {
            yield return $"Limit '{name}' is a number at once: Burst, Shape, Resets, Debt, Margin, Adaptive and Headers belong to rates.";
        }
        if (Headers?.Reset?.Split(':') is { Length: not 1 } parts && (parts.Length > 2 || !LimitHeaders.Units.Contains(parts[1])))
        {
            yield return $"Limit '{name}': Headers.Reset expects a header and perhaps a unit, such as x-refill-in:ms ({string.Join(", ", LimitHeaders.Units)}); got '{Headers.Reset}'.";
        }
        foreach (var problem in Breaker?.Problems($"Limit '{name}'") ?? [])
        {
            yield return problem;
        }
    }
}

/// <summary>How a limit's permits lie in their window.</summary>
public enum LimitShape
{
    /// <summary>One after the other at equal distances, which every upstream's own limiter accepts.</summary>
    Smooth = 0,

    /// <summary>Up to all of them at once, and still never more than that in any window.</summary>
    Window = 1,
}

/// <summary>The response headers by which an upstream says what is left. Names are compared without regard to case; null for what it does not say.</summary>
public sealed record LimitHeaders
{
    /// <summary>The units of <see cref="Reset" />.</summary>
    internal static readonly IReadOnlyList<string> Units = ["s", "ms", "unix", "unix_ms"];

    /// <summary>How many permits are left, such as <c>x-tokens-left</c>.</summary>
    public string? Remaining { get; init; }

    /// <summary>
    /// When there are new ones, with its unit behind a colon: <c>x-ratelimit-reset</c> or <c>…:s</c> for seconds from now, <c>x-refill-in:ms</c> for
    /// milliseconds from now, <c>x-ratelimit-reset:unix</c> for a time in seconds since 1970, <c>…:unix_ms</c> for one in milliseconds.
    /// </summary>
    public string? Reset { get; init; }

    /// <summary>The rate itself in permits per second, such as <c>x-amzn-RateLimit-Limit</c>.</summary>
    public string? Rate { get; init; }
}

/// <summary>What one job of a queue takes of a limit before its attempt starts.</summary>
/// <param name="Name">The limit.</param>
/// <param name="Cost">How many permits; 1 or more. With <paramref name="CostPointer" />: what it costs when the payload does not say.</param>
/// <param name="CostPointer">A JSON pointer into the payload (<c>/tokens</c>) to a whole number of permits; null for a fixed cost.</param>
[System.ComponentModel.TypeConverter(typeof(LimitUseConverter))]
public sealed record LimitUse(string Name, long Cost = 1, string? CostPointer = null)
{
    /// <summary>One permit of that limit.</summary>
    public static implicit operator LimitUse(string name) => FromName(name);

    /// <summary>One permit of that limit.</summary>
    public static LimitUse FromName(string name) => new(name);
}
