namespace Fairlead.Http;

/// <summary>How requests of one HTTP client use their limit.</summary>
public sealed class HttpLimitOptions
{
    /// <summary>How many permits a request takes, 1 or more; null for one each.</summary>
    public Func<HttpRequestMessage, long>? Cost { get; set; }

    /// <summary>The group whose limit a request takes from, where each group has its own; null, or a null from it, for the job's group.</summary>
    public Func<HttpRequestMessage, string?>? Group { get; set; }

    /// <summary>
    /// What a request really cost, read from its answer; charged or given back afterwards (<see cref="Limit.Debt" />). Null, or a null from it,
    /// for what was taken. It sees the headers; the body has not been read.
    /// </summary>
    public Func<HttpResponseMessage, long?>? ActualCost { get; set; }

    /// <summary>
    /// True, the default: inside a job's attempt a 429 (or a 503 with <c>Retry-After</c>) defers the job at no cost until the upstream wants to hear
    /// again. False: the response is returned. Outside attempts it always is.
    /// </summary>
    public bool DeferWhenThrottled { get; set; } = true;
}
