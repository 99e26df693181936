namespace Fairlead.Testing.Simulation;

/// <summary>One node's clock: its date is wrong and may jump, while its timers and timestamps go as they should, as on real machines.</summary>
internal sealed class SkewedTime(TimeProvider right) : TimeProvider
{
    /// <summary>How wrong its date is.</summary>
    public TimeSpan Skew { get; set; }

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long TimestampFrequency => right.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => right.GetUtcNow() + Skew;

    public override long GetTimestamp() => right.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        right.CreateTimer(callback, state, dueTime, period);
}
