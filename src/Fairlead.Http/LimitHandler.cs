using System.Net;
using System.Threading.RateLimiting;
using Fairlead.Limits;
using Fairlead.Storage;

namespace Fairlead.Http;

/// <summary>Stands around every request of a client: a permit first, then the request, then the word to the cluster about what came of it.</summary>
internal sealed class LimitHandler(LimitClient limits, string name, HttpLimitOptions options) : DelegatingHandler
{
    /// <summary>A request that was given up sooner says nothing about the upstream.</summary>
    private static readonly TimeSpan NoAnswer = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan DefaultDeferral = TimeSpan.FromSeconds(1);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var context = JobContext.Current;
        var limiter = limits.For(name, options.Group?.Invoke(request) ?? context?.Job.Group);
        var call = new Call(limiter, options.Cost?.Invoke(request) ?? 1, context);
        using var lease = await AcquireAsync(call, cancellationToken);
        var sentAt = limits.Standing.Clock.Now;
        var response = await SendAsync(call, request, cancellationToken);
        return await ConcludeAsync(call, sentAt, response, cancellationToken);
    }

    private async ValueTask<RateLimitLease> AcquireAsync(Call call, CancellationToken cancellationToken) => call.Context is { } context
        ? await context.AcquireAsync(call.Limiter, call.Cost, cancellationToken)
        : await call.Limiter.WaitAsync(call.Cost, attempt: null, patience: null, first: false, cancellationToken);

    private async Task<HttpResponseMessage> SendAsync(Call call, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var began = limits.Standing.Time.GetTimestamp();
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException)
        {
            await limits.ReportAsync(call.Report with { Failed = 1 }, CancellationToken.None);
            throw;
        }
        catch (OperationCanceledException) when (limits.Standing.Time.GetElapsedTime(began) >= NoAnswer)
        {
            await limits.ReportAsync(call.Report with { Failed = 1 }, CancellationToken.None);
            throw;
        }
    }

    private async Task<HttpResponseMessage> ConcludeAsync(Call call, DateTimeOffset sentAt, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var retryAfter = ResponseWords.RetryAfter(response, limits.Standing.Clock.Now);
        var throttled = response.StatusCode == HttpStatusCode.TooManyRequests || (response.StatusCode == HttpStatusCode.ServiceUnavailable && retryAfter is not null);
        var report = ResponseWords.Read(response, limits.Find(name)?.Headers, limits.Standing.Clock.Now, call.Report) with
        {
            Throttled = throttled,
            RetryAfter = throttled ? retryAfter : null,
            SentAt = throttled ? sentAt : null,
            Failed = !throttled && (int)response.StatusCode >= 500 ? 1 : 0,
            Succeeded = !throttled && (int)response.StatusCode < 500 ? 1 : 0,
            ExtraCost = options.ActualCost?.Invoke(response) - call.Cost ?? 0,
        };
        await limits.ReportAsync(report, CancellationToken.None);
        if (throttled && call.Context is not null && options.DeferWhenThrottled)
        {
            var status = (int)response.StatusCode;
            response.Dispose();
            throw new JobDeferredException(retryAfter is { Ticks: > 0 } wait ? wait : DefaultDeferral, $"Limit '{name}': the upstream answered {status}.");
        }
        if (limits.Find(name) is { IsConcurrent: true })
        {
            // Held until the body is here; whoever got the response may never dispose it.
            await response.Content.LoadIntoBufferAsync(cancellationToken);
        }
        return response;
    }

    /// <summary>One request: whose limit, at what cost, in which attempt.</summary>
    private sealed record Call(SharedRateLimiter Limiter, long Cost, JobContext? Context)
    {
        public LimitReport Report => new() { Limit = Limiter.Name, Group = Limiter.Group };
    }
}
