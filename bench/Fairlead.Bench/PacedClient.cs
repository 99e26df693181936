using System.Globalization;
using System.Net;
using Fairlead.Storage;

namespace Fairlead.Bench;

/// <summary>
/// Calls an upstream through a limit, by the store's own verbs: reserves a permit in its turn, waits for its moment, sends, and reports what
/// came back. A 429 is sent again.
/// </summary>
internal sealed class PacedClient(IJobStore store, NamedLimit limit, Uri address, TimeProvider clock) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { PooledConnectionLifetime = Timeout.InfiniteTimeSpan }) { BaseAddress = address };
    private readonly SemaphoreSlim _turn = new(1);
    private long _asked;

    /// <summary>How often the store was asked for a permit.</summary>
    public long Asked => Interlocked.Read(ref _asked);

    public async Task GetAsync(string path, long cost, CancellationToken cancellationToken)
    {
        HttpStatusCode status;
        do
        {
            await PermitAsync(cost, cancellationToken);
            var sentAt = clock.GetUtcNow();
            using var response = await _http.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
            status = response.StatusCode;
            await store.ReportAsync([Read(response, cost, sentAt)], cancellationToken);
        }
        while (status == HttpStatusCode.TooManyRequests);
    }

    public void Dispose()
    {
        _http.Dispose();
        _turn.Dispose();
    }

    private async Task PermitAsync(long cost, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        Permit? permit;
        try
        {
            do
            {
                Interlocked.Increment(ref _asked);
                var answer = await store.AcquireAsync(new() { Limit = limit.Name, Cost = cost }, cancellationToken);
                permit = answer.Permits.FirstOrDefault();
                await UntilAsync(permit is null ? answer.RetryAt!.Value - answer.Within : default, cancellationToken);
            }
            while (permit is null);
        }
        finally
        {
            _turn.Release();
        }
        await UntilAsync(permit.At, cancellationToken);
    }

    /// <summary>Timers count whole milliseconds, and one that is short by a part of one would send early.</summary>
    private Task UntilAsync(DateTimeOffset at, CancellationToken cancellationToken)
    {
        var wait = Math.Ceiling((at - clock.GetUtcNow()).TotalMilliseconds);
        return wait > 0 ? Task.Delay(TimeSpan.FromMilliseconds(wait), clock, cancellationToken) : Task.CompletedTask;
    }

    private LimitReport Read(HttpResponseMessage response, long cost, DateTimeOffset sentAt)
    {
        var refused = response.StatusCode == HttpStatusCode.TooManyRequests;
        return new()
        {
            Limit = limit.Name,
            Succeeded = refused ? 0 : 1,
            Throttled = refused,
            SentAt = sentAt,
            RetryAfter = response.Headers.RetryAfter?.Delta,
            Remaining = (long?)Number(response, limit.Limit.Headers?.Remaining),
            ResetIn = ResetIn(Number(response, limit.Limit.Headers?.Reset)),
            PerSecond = Number(response, limit.Limit.Headers?.Rate),
            ExtraCost = Number(response, "x-tokens-consumed") is { } consumed ? (long)consumed - cost : 0,
        };
    }

    /// <summary>Seconds from now, or a Unix time.</summary>
    private TimeSpan? ResetIn(double? said) => said switch
    {
        null => null,
        > 1e9 => DateTimeOffset.FromUnixTimeSeconds((long)said.Value) - clock.GetUtcNow(),
        _ => TimeSpan.FromSeconds(said.Value),
    };

    private static double? Number(HttpResponseMessage response, string? header) =>
        header is not null && response.Headers.TryGetValues(header, out var values) && double.TryParse(values.First(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
}
