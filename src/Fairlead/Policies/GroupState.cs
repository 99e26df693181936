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

    /// <summary>Until when its own limit has no permit for it.</summary>
    public DateTimeOffset HeldUntil { get; set; }

    /// <summary>Which limit that is.</summary>
    public string? HeldBy { get; set; }

    /// <summary>Seconds of service it has had.</summary>
    public double Served { get; set; }

    /// <summary>Attempts that were slow.</summary>
    public long Slow { get; set; }

    /// <summary>True when forgetting it would change nothing but statistics.</summary>
    public bool IsForgettable(double clock, DateTimeOffset now) =>
        InFlight == 0 && !Paused && !Breaker.IsOpen && Breaker.Failures == 0 && Tag <= clock && HeldUntil <= now;

    /// <summary>What keeps the group's ready jobs from being claimed, the first cause in the fixed order; null when nothing does.</summary>
    public WaitReason? Blocked(QueueDefinition? definition, string queue, string group, DateTimeOffset now)
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
        if (InFlight >= (definition?.GroupConcurrency ?? int.MaxValue))
        {
            return new(WaitCause.Group, group, null);
        }
        return HeldUntil > now ? new(WaitCause.Limit, HeldBy!, HeldUntil) : null;
    }

    /// <summary>A job was started: the estimate is charged.</summary>
    /// <returns>The queue's virtual time from now on.</returns>
    public double Start(double estimate, double weight, double clock)
    {
        var now = Math.Max(clock, Tag);
        Tag = FairQueue.Charged(Tag, estimate, weight);
        return now;
    }

    /// <summary>What an attempt took is known better than what was charged for it.</summary>
    /// <param name="charged">What was charged in seconds; negative when the queue had no groups then, and nothing was.</param>
    /// <param name="ran">What it took.</param>
    /// <param name="weight">The group's weight.</param>
    public void Correct(double charged, double ran, double weight)
    {
        if (charged >= 0)
        {
            Tag = FairQueue.Charged(Tag, ran - charged, weight);
        }
    }

    /// <summary>The key by which a group's breaker and pause are known.</summary>
    public static string KeyOf(string queue, string group) => $"{queue}/{group}";
}
