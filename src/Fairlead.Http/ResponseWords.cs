using System.Globalization;
using Fairlead.Storage;

namespace Fairlead.Http;

/// <summary>What a response says about its limit.</summary>
internal static class ResponseWords
{
    /// <summary>Seconds; what is later is nonsense, and no reason to fail.</summary>
    private const double LatestTime = 1e11;

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
        ResetIn = headers.Reset?.Split(':') is [var name, .. var unit] && Number(response, name) is { } reset ? ResetIn(reset, unit.FirstOrDefault(), now) : null,
        PerSecond = Number(response, headers.Rate) is > 0 and var rate ? rate : null,
    };

    private static TimeSpan ResetIn(double value, string? unit, DateTimeOffset now)
    {
        var wait = unit switch
        {
            "unix" => DateTimeOffset.UnixEpoch.AddSeconds(Math.Clamp(value, 0, LatestTime)) - now,
            "unix_ms" => DateTimeOffset.UnixEpoch.AddSeconds(Math.Clamp(value / 1000, 0, LatestTime)) - now,
            "ms" => TimeSpan.FromMilliseconds(Math.Min(value, LatestTime)),
            _ => TimeSpan.FromSeconds(Math.Min(value, LatestTime)),
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
