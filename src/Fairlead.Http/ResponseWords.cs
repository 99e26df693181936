using System.Globalization;
using Fairlead.Storage;

namespace Fairlead.Http;

/// <summary>What a response says about its limit.</summary>
internal static class ResponseWords
{
    private const double Milliseconds = 100_000;
    private const double UnixTime = 1_000_000_000;

    /// <summary>How long the upstream wants to be left alone: <c>Retry-After</c> in seconds, or as a date by its own clock if it says its own (RFC 9110, 10.2.3).</summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage response, DateTimeOffset now) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - (response.Headers.Date ?? now) is { Ticks: > 0 } wait ? wait : TimeSpan.Zero,
        _ => null,
    };

    /// <summary>Adds what the limit's headers say.</summary>
    public static LimitReport Read(HttpResponseMessage response, LimitHeaders? headers, DateTimeOffset now, LimitReport report) => headers is null ? report : report with
    {
        Remaining = Number(response, headers.Remaining) is { } left ? (long)Math.Floor(left) : null,
        ResetIn = Number(response, headers.Reset) is { } reset ? ResetIn(reset, now) : null,
        PerSecond = Number(response, headers.Rate) is > 0 and var rate ? rate : null,
    };

    private static TimeSpan ResetIn(double value, DateTimeOffset now)
    {
        var wait = value switch
        {
            > UnixTime * 1000 => DateTimeOffset.FromUnixTimeMilliseconds((long)value) - now,
            > UnixTime => DateTimeOffset.FromUnixTimeSeconds((long)value) - now,
            > Milliseconds => TimeSpan.FromMilliseconds(value),
            _ => TimeSpan.FromSeconds(value),
        };
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    private static double? Number(HttpResponseMessage response, string? header) =>
        header is not null && response.Headers.TryGetValues(header, out var values)
            && double.TryParse(values.First(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            && Math.Abs(number) < 1e15
            ? number
            : null;
}
