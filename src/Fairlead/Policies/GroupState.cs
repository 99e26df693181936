using Fairlead.Diagnostics;

namespace Fairlead.Policies;

/// <summary>What a store keeps about one group of one queue, and what follows from it. Pure: no I/O, no clock.</summary>
internal sealed class GroupState
{
    /// <summary>Its start tag: the queue's group with the smallest goes next.</summary>
    public double Tag { get; set; }

    /// <summary>Attempts in flight, abandoned ones included.</summary>
    public int InFlight { get; set; }

    /// <summary>Whether an operator has paused it.</summary>
    public bool Paused { get; set; }

    /// <summary>Its circuit breaker.</summary>
    public BreakerState Breaker { get; set; }

    /// <summary>What its own limit keeps it back by, and until when; null when it does not.</summary>
    public WaitReason? Held { get; set; }

    /// <summary>Seconds of service it has had.</summary>
    public double Served { get; set; }

    /// <summary>Attempts that were slow.</summary>
    public long Slow { get; set; }

    /// <summary>True when forgetting it would change nothing but statistics.</summary>
    public bool IsForgettable(double clock, DateTimeOffset now) =>
        InFlight == 0 && !Paused && !Breaker.IsOpen && Breaker.Failures == 0 && Tag <= clock && !(Held?.Until > now);

    /// <summary>What keeps the group's ready jobs from being claimed, the first cause in the fixed order; null when nothing does.</summary>
    /// <param name="definition">The queue's.</param>
    /// <param name="queue">Its name.</param>
    /// <param name="group">The group's name; null for the jobs without one, which only a limit of their own can keep back.</param>
    /// <param name="now">The store's time.</param>
    public WaitReason? Blocked(QueueDefinition? definition, string queue, string? group, DateTimeOffset now) =>
        (group is null ? null : BlockedAsGroup(definition, queue, group, now)) ?? (Held?.Until > now ? Held : null);

    private WaitReason? BlockedAsGroup(QueueDefinition? definition, string queue, string group, DateTimeOffset now)
    {
        if (Paused)
        {
            return new(WaitCause.Paused, KeyOf(queue, group), null);
        }
        if (definition?.Breaker is { } policy && InFlight >= Breaker.Allowed(policy, now))
        {
            return new(WaitCause.Breaker, KeyOf(queue, group), Breaker.OpenUntil > now && Breaker.OpenUntil != BreakerState.Forever ? Breaker.OpenUntil : null);
        }
        if (definition?.Breaker is null && Breaker.OpenUntil > now)
        {
            return new(WaitCause.Breaker, KeyOf(queue, group), Breaker.OpenUntil == BreakerState.Forever ? null : Breaker.OpenUntil);
        }
        return InFlight >= (definition?.GroupConcurrency ?? int.MaxValue) ? new(WaitCause.Group, group, null) : null;
    }

    /// <summary>The key by which a group's breaker and pause are known.</summary>
    public static string KeyOf(string queue, string group) => $"{queue}/{group}";
}
