using System.Globalization;
using Fairlead.Limits;

namespace Fairlead.AspNetCore.Bodies;

/// <summary>One limit in <c>limits --json</c>, the body of <c>GET limits</c>.</summary>
internal sealed record LimitBody
{
    public required string Limit { get; init; }

    /// <summary>Where each group has a limit of its own: the group.</summary>
    public string? Group { get; init; }

    public required LimitTermsBody Declared { get; init; }

    public required LimitTermsBody InForce { get; init; }

    /// <summary>True when an operator's change is in force.</summary>
    public required bool Changed { get; init; }

    public required double? PerSecond { get; init; }

    public required long Available { get; init; }

    public required long InUse { get; init; }

    public required DateTimeOffset? NextAt { get; init; }

    public required DateTimeOffset? HeldUntil { get; init; }

    public required long Granted { get; init; }

    public required long Throttles { get; init; }

    public required double Factor { get; init; }

    public required IReadOnlyList<LimitMomentBody> History { get; init; }

    public static LimitBody Of(LimitInfo limit) => new()
    {
        Limit = limit.Name,
        Group = limit.Group,
        Declared = LimitTermsBody.Of(limit.Declared),
        InForce = LimitTermsBody.Of(limit.InForce),
        Changed = limit.InForce != limit.Declared,
        PerSecond = limit.PerSecond,
        Available = limit.Available,
        InUse = limit.InUse,
        NextAt = limit.NextAt,
        HeldUntil = limit.HeldUntil,
        Granted = limit.Granted,
        Throttles = limit.Throttles,
        Factor = limit.Factor,
        History = [.. limit.History.Select(moment => new LimitMomentBody(moment.At, moment.PerSecond, Cause(moment.Cause)))],
    };

    private static string Cause(LimitChangeCause cause) => cause switch
    {
        LimitChangeCause.Throttled => "throttled",
        LimitChangeCause.Climbed => "climbed",
        LimitChangeCause.RetryAfter => "retry_after",
        LimitChangeCause.Header => "header",
        LimitChangeCause.Operator => "operator",
        _ => throw new ArgumentOutOfRangeException(nameof(cause), cause, "Not a cause of a change."),
    };
}

/// <summary>One change of a limit's rate.</summary>
internal sealed record LimitMomentBody(DateTimeOffset At, double PerSecond, string Cause);

/// <summary>What a limit allows, with the keys and values of <c>fairlead.yaml</c>; what is not set is left out.</summary>
internal sealed record LimitTermsBody
{
    public string? Rate { get; init; }

    public int? Concurrent { get; init; }

    public int? Burst { get; init; }

    public string? Shape { get; init; }

    public string? Resets { get; init; }

    public bool? PerGroup { get; init; }

    public bool? Debt { get; init; }

    public string? Margin { get; init; }

    public bool? Adaptive { get; init; }

    public static LimitTermsBody Of(Limit limit) => new()
    {
        Rate = limit.Rate?.ToString(),
        Concurrent = limit.AtOnce,
        Burst = limit.Burst > 1 ? limit.Burst : null,
        Shape = limit.Shape == LimitShape.Window ? "window" : null,
        Resets = limit.Resets?.ToString(),
        PerGroup = limit.PerGroup ? true : null,
        Debt = limit.Debt ? true : null,
        Margin = limit.Margin > 0 ? string.Create(CultureInfo.InvariantCulture, $"{limit.Margin * 100:0.##}%") : null,
        Adaptive = limit.Adaptive ? true : null,
    };
}
