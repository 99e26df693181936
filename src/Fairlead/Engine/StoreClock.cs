namespace Fairlead.Engine;

/// <summary>
/// The store's time as this node knows it: its own clock plus the difference seen at the last answer. A node whose clock is minutes
/// off still stamps its attempts rightly.
/// </summary>
internal sealed class StoreClock(TimeProvider time)
{
    private long _offsetTicks;

    /// <summary>The store's time, right to about one round trip.</summary>
    public DateTimeOffset Now => time.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _offsetTicks));

    /// <summary>Takes the store's time from an answer that has just arrived.</summary>
    public void Set(DateTimeOffset storeNow) => Volatile.Write(ref _offsetTicks, (storeNow - time.GetUtcNow()).Ticks);
}
