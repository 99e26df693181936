namespace Fairlead.PostgreSql;

/// <summary>Times as they are kept: whole microseconds since 1970-01-01 UTC, which order as integers and fit any clock.</summary>
internal static class Moment
{
    public static long Of(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    public static long? Of(DateTimeOffset? time) => time is { } value ? Of(value) : null;

    public static DateTimeOffset From(long micros) => DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);

    public static DateTimeOffset? From(long? micros) => micros is { } value ? From(value) : null;

    public static long Of(TimeSpan span) => span.Ticks / TimeSpan.TicksPerMicrosecond;
}
