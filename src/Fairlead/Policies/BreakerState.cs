using System.Numerics;

namespace Fairlead.Policies;

/// <summary>
/// The circuit breaker of one key (Nygard, "Release It!"), counting failures in a row (Envoy's outlier detection: 5) and a small window
/// of outcomes, since a key that is asked twice a minute never fills a window of a hundred. Immutable; the store keeps it beside its key,
/// so there is one in the cluster. While it is open nothing is let through; then one probe at a time is, and decides.
/// </summary>
public readonly record struct BreakerState
{
    /// <summary>By hand, until somebody closes it.</summary>
    public static readonly DateTimeOffset Forever = DateTimeOffset.MaxValue;

    /// <summary>Failures in a row.</summary>
    public int Failures { get; init; }

    /// <summary>The last outcomes, the newest lowest; a set bit is a failure.</summary>
    public uint Window { get; init; }

    /// <summary>How many outcomes <see cref="Window" /> holds, up to 32.</summary>
    public int Seen { get; init; }

    /// <summary>Whether anything has succeeded since it was last closed.</summary>
    public bool Proven { get; init; }

    /// <summary>Until when nothing is let through; afterwards one probe at a time is. Null while it is closed.</summary>
    public DateTimeOffset? OpenUntil { get; init; }

    /// <summary>How long it was opened for the last time; zero while it is closed.</summary>
    public TimeSpan OpenFor { get; init; }

    /// <summary>True while it is open or waits for its probe's verdict.</summary>
    public bool IsOpen => OpenUntil is not null;

    /// <summary>
    /// How many attempts may be in flight now. One that has not succeeded yet, or failed f times in a row, gets <c>Failures − f</c>: a
    /// slow start, so that a dead upstream costs few attempts, however many slots there are.
    /// </summary>
    public int Allowed(BreakerPolicy policy, DateTimeOffset now)
    {
        if (OpenUntil is { } until)
        {
            return now >= until ? 1 : 0;
        }
        return Proven && Failures == 0 ? int.MaxValue : Math.Max(1, policy.Failures - Failures);
    }

    /// <summary>Something succeeded. What was already in flight when it opened has no say.</summary>
    public BreakerState Succeeded(DateTimeOffset now)
    {
        if (OpenUntil is { } until)
        {
            return now >= until ? new() { Proven = true } : this;
        }
        return this with { Failures = 0, Proven = true, Window = Window << 1, Seen = Math.Min(32, Seen + 1) };
    }

    /// <summary>Something failed. Says by <see cref="MustOpen" /> whether that was enough.</summary>
    public BreakerState Failed(BreakerPolicy policy, DateTimeOffset now)
    {
        if (OpenUntil is { } until)
        {
            return now >= until ? Opened(policy, now) : this;
        }
        return this with { Failures = Failures + 1, Window = (Window << 1) | 1, Seen = Math.Min(32, Seen + 1) };
    }

    /// <summary>Whether what was counted is enough to open it.</summary>
    public bool MustOpen(BreakerPolicy policy)
    {
        if (IsOpen)
        {
            return false;
        }
        var size = Math.Min(32, 4 * policy.Failures);
        var failed = BitOperations.PopCount(size == 32 ? Window : Window & ((1u << size) - 1));
        return Failures >= policy.Failures || (Seen >= size / 2 && failed * 2 >= Math.Min(Seen, size) && failed >= policy.Failures);
    }

    /// <summary>Open from now on, twice as long as the last time, up to the policy's longest.</summary>
    public BreakerState Opened(BreakerPolicy policy, DateTimeOffset now)
    {
        var time = OpenFor > TimeSpan.Zero ? OpenFor * 2 : policy.OpenFor;
        time = time < policy.MaxOpen ? time : policy.MaxOpen;
        return new() { Failures = Failures, OpenUntil = now + time, OpenFor = time };
    }

    /// <summary>Opened by hand; null for until it is closed by hand.</summary>
    public BreakerState OpenedByHand(DateTimeOffset now, TimeSpan? time) =>
        new() { Failures = Failures, OpenUntil = time is { } open ? now + open : Forever, OpenFor = TimeSpan.Zero };

    /// <summary>
    /// Whether one more key may be quarantined: never more than half of them, and always one. When more fail, it is not them: it is our
    /// own network.
    /// </summary>
    /// <param name="open">How many are quarantined.</param>
    /// <param name="keys">How many there are.</param>
    public static bool MayQuarantine(int open, int keys) => open + 1 <= Math.Max(1, keys / 2);
}
