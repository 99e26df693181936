using System.Text.Json.Serialization;
using Fairlead.Policies;
using Fairlead.Storage;

namespace Fairlead.AspNetCore.Bodies;

/// <summary>One group in <c>groups --json</c>, the body of <c>GET groups</c>.</summary>
internal sealed record GroupBody
{
    public required string Queue { get; init; }

    /// <summary>Null for the queue's jobs without a group.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required string? Group { get; init; }

    public required double Weight { get; init; }

    public required long Ready { get; init; }

    public required int InFlight { get; init; }

    /// <summary>How much service per weight it is ahead of the group that goes next, in seconds.</summary>
    public required double LagSeconds { get; init; }

    public required double ServedSeconds { get; init; }

    public required long Slow { get; init; }

    public required bool Paused { get; init; }

    public ReasonBody? Reason { get; init; }

    public static GroupBody Of(GroupInfo group) => new()
    {
        Queue = group.Queue,
        Group = group.Group,
        Weight = group.Weight,
        Ready = group.Ready,
        InFlight = group.InFlight,
        LagSeconds = Math.Round(group.Lag, 3),
        ServedSeconds = Math.Round(group.ServedSeconds, 3),
        Slow = group.Slow,
        Paused = group.Paused,
        Reason = group.Blocked is { } reason ? new ReasonBody(Diagnostics.WaitCauses.ToWire(reason.Cause), reason.Key, reason.Until) : null,
    };
}

/// <summary>One breaker in <c>breakers --json</c>, the body of <c>GET breakers</c>.</summary>
internal sealed record BreakerBody
{
    public required string Key { get; init; }

    /// <summary><c>closed</c>, <c>open</c>, or <c>probing</c>: its time is over, and one attempt decides.</summary>
    public required string State { get; init; }

    /// <summary>Left out while it is closed, and for one that is open until it is closed by hand.</summary>
    public DateTimeOffset? OpenUntil { get; init; }

    public required bool ByHand { get; init; }

    public required int Failures { get; init; }

    public required long Waiting { get; init; }

    public static BreakerBody Of(BreakerInfo breaker, DateTimeOffset now)
    {
        var byHand = breaker.OpenUntil == BreakerState.Forever;
        return new BreakerBody
        {
            Key = breaker.Key,
            State = !breaker.IsOpen ? "closed" : breaker.OpenUntil > now ? "open" : "probing",
            OpenUntil = byHand ? null : breaker.OpenUntil,
            ByHand = byHand,
            Failures = breaker.Failures,
            Waiting = breaker.Waiting,
        };
    }
}
