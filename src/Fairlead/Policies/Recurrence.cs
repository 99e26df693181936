using System.Text.Json.Serialization;

namespace Fairlead.Policies;

/// <summary>When something is to happen again and again. Pure: no clock, no state.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(CronRecurrence), "cron")]
[JsonDerivedType(typeof(FixedRate), "rate")]
[JsonDerivedType(typeof(FixedDelay), "delay")]
public abstract record Recurrence
{
    private protected Recurrence() { }

    /// <summary>The first time after <paramref name="after" />; null when there is none any more, or when it counts from the end of what it makes.</summary>
    /// <param name="after">Exclusive.</param>
    /// <param name="since">Where counting began.</param>
    public abstract DateTimeOffset? Next(DateTimeOffset after, DateTimeOffset since);
}

/// <summary>Every so often, counted from where it began: what it makes may take longer.</summary>
/// <param name="Every">The distance; at least 1 s.</param>
public sealed record FixedRate(TimeSpan Every) : Recurrence
{
    /// <inheritdoc />
    public override DateTimeOffset? Next(DateTimeOffset after, DateTimeOffset since) =>
        after < since ? since : since + (((after - since).Ticks / Every.Ticks) + 1) * Every;
}

/// <summary>So long after the end of what it made last.</summary>
/// <param name="Delay">The pause; at least 1 s.</param>
public sealed record FixedDelay(TimeSpan Delay) : Recurrence
{
    /// <inheritdoc />
    public override DateTimeOffset? Next(DateTimeOffset after, DateTimeOffset since) => after < since ? since : null;
}
