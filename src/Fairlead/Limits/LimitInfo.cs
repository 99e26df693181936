namespace Fairlead.Limits;

/// <summary>A limit as operators see it.</summary>
public sealed record LimitInfo
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The group it is about, where each group has a limit of its own and this one has been used; null otherwise.</summary>
    public string? Group { get; init; }

    /// <summary>What nodes declared.</summary>
    public required Limit Declared { get; init; }

    /// <summary>What is in force: an operator's change, or else what was declared.</summary>
    public required Limit InForce { get; init; }

    /// <summary>The rate in force, in permits per second, margin and adaptation included; null for a number at once.</summary>
    public double? PerSecond { get; init; }

    /// <summary>How many permits could be used at once now; below zero in debt.</summary>
    public required long Available { get; init; }

    /// <summary>Permits held now; zero for a rate.</summary>
    public required long InUse { get; init; }

    /// <summary>When the next permit may be used; null while a number at once is all in use.</summary>
    public DateTimeOffset? NextAt { get; init; }

    /// <summary>Until when an upstream asked everybody to stay away; null when none does.</summary>
    public DateTimeOffset? HeldUntil { get; init; }

    /// <summary>Permits given since the store was made.</summary>
    public required long Granted { get; init; }

    /// <summary>429s that were reported since then.</summary>
    public required long Throttles { get; init; }

    /// <summary>The share of the ceiling that an adaptive limit uses; 1 for others.</summary>
    public required double Factor { get; init; }

    /// <summary>How its rate changed, the newest last; at most the last 50 changes.</summary>
    public required IReadOnlyList<LimitMoment> History { get; init; }
}

/// <summary>One change of a limit's rate.</summary>
/// <param name="At">When.</param>
/// <param name="PerSecond">The rate from then on, in permits per second.</param>
/// <param name="Cause">Why.</param>
public readonly record struct LimitMoment(DateTimeOffset At, double PerSecond, LimitChangeCause Cause);

/// <summary>Why a limit's rate changed.</summary>
public enum LimitChangeCause
{
    /// <summary>A 429 lowered it.</summary>
    Throttled = 0,

    /// <summary>Successes raised it.</summary>
    Climbed = 1,

    /// <summary>An upstream asked to be left alone for a while.</summary>
    RetryAfter = 2,

    /// <summary>A response header said what it is.</summary>
    Header = 3,

    /// <summary>An operator changed it.</summary>
    Operator = 4,
}
