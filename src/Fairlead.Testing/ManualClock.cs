namespace Fairlead.Testing;

/// <summary>A clock that stands still until a test moves it. It has no timers: for stores and rules that only ask what time it is.</summary>
public sealed class ManualClock : TimeProvider
{
    private long _ticks;

    /// <summary>A clock that stands at <paramref name="start" />; by default the first moment of 2026, UTC.</summary>
    public ManualClock(DateTimeOffset? start = null) => _ticks = (start ?? new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)).UtcTicks;

    /// <summary>The time it shows.</summary>
    public DateTimeOffset Now => GetUtcNow();

    /// <inheritdoc />
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc />
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow() => new(Volatile.Read(ref _ticks), TimeSpan.Zero);

    /// <inheritdoc />
    public override long GetTimestamp() => Volatile.Read(ref _ticks);

    /// <summary>Moves it on.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="by" /> is negative: time does not go back.</exception>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        Interlocked.Add(ref _ticks, by.Ticks);
    }
}
