using System.Globalization;

namespace Fairlead.Samples.Upstreams;

/// <summary>
/// eBay as it limits: so many calls a day, whole again at midnight in California; 429 beyond. The Analytics resource
/// (<c>/developer/analytics/v1_beta/rate_limit/</c>) says limit, remaining and reset and costs nothing; here headers say it too.
/// </summary>
/// <param name="clock">Its time.</param>
/// <param name="perDay">Calls a day; the Browse API's 5,000 by default.</param>
/// <param name="timeZone">Where the day begins.</param>
public sealed class Ebay(TimeProvider clock, long perDay = 5000, string timeZone = "America/Los_Angeles") : IUpstream
{
    private readonly TimeZoneInfo _zone = TimeZoneInfo.FindSystemTimeZoneById(timeZone);
    private DateOnly _day;
    private long _used;

    /// <inheritdoc />
    public string Name => "ebay";

    /// <summary>When the quota is whole again.</summary>
    public DateTimeOffset ResetsAt
    {
        get
        {
            var midnight = Today().AddDays(1).ToDateTime(TimeOnly.MinValue);
            return new(midnight, _zone.GetUtcOffset(midnight));
        }
    }

    /// <inheritdoc />
    public UpstreamAnswer Answer(UpstreamCall call)
    {
        (_day, _used) = Today() is var today && today == _day ? (_day, _used) : (today, 0);
        if (call.Path.StartsWith("/developer/analytics/", StringComparison.Ordinal))
        {
            return WithHeaders(new(200, Rates()) { Counts = false });
        }
        if (_used >= perDay)
        {
            return WithHeaders(new(429, new { errors = new[] { new { errorId = 2001, domain = "ACCESS", category = "REQUEST", message = "Too many requests." } } }));
        }
        _used++;
        return WithHeaders(new(200, new { itemId = call.Path[(call.Path.LastIndexOf('/') + 1)..] }));
    }

    private DateOnly Today() => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(clock.GetUtcNow(), _zone).DateTime);

    private UpstreamAnswer WithHeaders(UpstreamAnswer answer) => answer
        .With("x-ratelimit-limit", perDay).With("x-ratelimit-remaining", perDay - _used).With("x-ratelimit-reset", ResetsAt.ToUnixTimeSeconds());

    private object Rates()
    {
        var reset = ResetsAt.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        var rate = new { count = _used, limit = perDay, remaining = perDay - _used, reset, timeWindow = 86_400 };
        return new { rateLimits = new[] { new { apiContext = "buy", apiName = "Browse", apiVersion = "v1", resources = new[] { new { name = "buy.browse", rates = new[] { rate } } } } } };
    }
}
