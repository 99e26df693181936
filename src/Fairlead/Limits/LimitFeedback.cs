using Fairlead.Storage;

namespace Fairlead.Limits;

/// <summary>
/// Carries what upstreams answered to the store: successes are summed and sent every 250 ms at most; refusals, failures and the word that
/// nothing is left go at once, and take along what was summed.
/// </summary>
internal sealed class LimitFeedback(LimitClient client)
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan WhileAway = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private Dictionary<(string Limit, string? Group), LimitReport> _sums = [];
    private bool _scheduled;

    /// <summary>Takes a report; returns when it was sent, if it is one that cannot wait.</summary>
    public ValueTask AddAsync(LimitReport report)
    {
        Add(report);
        if (report.Throttled || report.Failed > 0 || report.Remaining <= 0)
        {
            return SendAsync();
        }
        SendLater(Every);
        return default;
    }

    /// <summary>Sends what there is. What cannot be delivered waits until the store is back.</summary>
    public async ValueTask SendAsync()
    {
        var reports = Take();
        if (reports.Count == 0)
        {
            return;
        }
        try
        {
            await client.ReadyAsync();
            await client.Store.ReportAsync(reports, CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            reports.ForEach(Add);
            SendLater(WhileAway);
        }
    }

    private void SendLater(TimeSpan delay)
    {
        lock (_gate)
        {
            if (_scheduled)
            {
                return;
            }
            _scheduled = true;
        }
        if (ExecutionContext.IsFlowSuppressed())
        {
            _ = SendAfterAsync(delay);
            return;
        }
        using (ExecutionContext.SuppressFlow())
        {
            _ = SendAfterAsync(delay);
        }
    }

    private async Task SendAfterAsync(TimeSpan delay)
    {
        await Task.Delay(delay, client.Standing.Time);
        lock (_gate)
        {
            _scheduled = false;
        }
        await SendAsync();
    }

    private void Add(LimitReport report)
    {
        lock (_gate)
        {
            var key = (report.Limit, report.Group);
            _sums[key] = _sums.TryGetValue(key, out var sum) ? Sum(sum, report) : report;
        }
    }

    private List<LimitReport> Take()
    {
        lock (_gate)
        {
            (var sums, _sums) = (_sums, []);
            return [.. sums.Values];
        }
    }

    private static LimitReport Sum(LimitReport first, LimitReport then) => then with
    {
        Succeeded = first.Succeeded + then.Succeeded,
        Failed = first.Failed + then.Failed,
        Throttled = first.Throttled || then.Throttled,
        RetryAfter = first.RetryAfter > then.RetryAfter ? first.RetryAfter : then.RetryAfter ?? first.RetryAfter,
        SentAt = then.SentAt ?? first.SentAt,
        Remaining = then.Remaining ?? first.Remaining,
        ResetIn = then.ResetIn ?? first.ResetIn,
        PerSecond = then.PerSecond ?? first.PerSecond,
        ExtraCost = first.ExtraCost + then.ExtraCost,
    };
}
