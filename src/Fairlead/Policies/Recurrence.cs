using System.Globalization;
using System.Text.Json.Serialization;

namespace Fairlead.Policies;

/// <summary>When something is to happen again and again. Pure: no clock, no state.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(CronRecurrence), "cron")]
[JsonDerivedType(typeof(FixedRate), "rate")]
[JsonDerivedType(typeof(FixedDelay), "delay")]
public abstract record Recurrence
{
    /// <summary>The least distance of two times.</summary>
    public static readonly TimeSpan Least = TimeSpan.FromSeconds(1);

    /// <summary>The greatest distance of two times that a rate or a delay may ask for: ten years.</summary>
    public static readonly TimeSpan Greatest = TimeSpan.FromDays(3650);

    private protected Recurrence() { }

    /// <summary>The first time after <paramref name="after" />; null when there is none any more, or when it counts from the end of what it makes.</summary>
    /// <param name="after">Exclusive.</param>
    /// <param name="since">Where counting began.</param>
    public abstract DateTimeOffset? Next(DateTimeOffset after, DateTimeOffset since);

    /// <summary>What is wrong with it (what was expected, what came, the way out); null when nothing is.</summary>
    public abstract string? Problem();

    private protected static string? ProblemOf(TimeSpan distance) => distance >= Least && distance <= Greatest
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"Expected from 1 s to 3650 days between two rounds; got {distance.TotalSeconds} s. What must go on without a pause is a queue, not a schedule.");
}

/// <summary>Every so often, counted from where it began: what it makes may take longer.</summary>
/// <param name="Every">The distance; from 1 s to 3650 days.</param>
public sealed record FixedRate(TimeSpan Every) : Recurrence
{
    /// <inheritdoc />
    public override DateTimeOffset? Next(DateTimeOffset after, DateTimeOffset since) =>
        after < since ? since : since + (((after - since).Ticks / Every.Ticks) + 1) * Every;

    /// <inheritdoc />
    public override string? Problem() => ProblemOf(Every);
}

/// <summary>So long after the end of what it made last.</summary>
/// <param name="Delay">The pause; from 1 s to 3650 days.</param>
public sealed record FixedDelay(TimeSpan Delay) : Recurrence
{
    /// <inheritdoc />
    public override DateTimeOffset? Next(DateTimeOffset after, DateTimeOffset since) => after < since ? since : null;

    /// <inheritdoc />
    public override string? Problem() => ProblemOf(Delay);
}
