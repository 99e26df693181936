using System.Globalization;
using Fairlead.Samples.Upstreams;
using Fairlead.Simulation;
using Fairlead.Storage;

namespace Fairlead.Tests.Limits;

/// <summary>Limits as services publish them, against those services, in virtual time: nearly all of the rate is used, nearly nothing is refused.</summary>
public sealed class UpstreamTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Theory]
    [InlineData(10, 1)]
    [InlineData(10, 5)]
    [InlineData(2, 1)]
    public void SpApi(double burst, int declared)
    {
        var run = new LimitedCalls(new Limit { Rate = 8.PerSecond(), Burst = declared, Headers = new() { Rate = "x-amzn-RateLimit-Limit" } });
        run.Run(new SpApi(run.Time, new SpApiOperation("getPrice", "/price", 8, burst)), _ => ("/price", 1), Hour);
        Check(run, run.Granted / (8 * Hour.TotalSeconds));
    }

    [Theory]
    [InlineData(1, 60)]
    [InlineData(1, 0.2)]
    [InlineData(60, 60)]
    public void Keepa(int refillEverySeconds, double minutesAtFirst)
    {
        var run = new LimitedCalls(new Limit { Rate = 5.PerSecond(), Burst = 20, Debt = true, Headers = new() { Remaining = "x-tokens-left", Reset = "x-refill-in" } });
        var keepa = new Keepa(run.Time, 300, TimeSpan.FromSeconds(refillEverySeconds), balance: minutesAtFirst * 300);
        run.Run(keepa, chance => ($"/product?offers={(chance < 0.3 ? 20 : 10)}", 7), Hour);
        Check(run, keepa.Consumed / (5 * Hour.TotalSeconds));
    }

    [Theory]
    [InlineData(12)]
    [InlineData(17)]
    public void Ebay(int startHour)
    {
        var run = new LimitedCalls(
            new Limit { Rate = 5000.PerDay(), Resets = DailyReset.Parse("00:00 America/Los_Angeles"), Headers = new() { Remaining = "x-ratelimit-remaining" } },
            new(2026, 3, 6, startHour, 0, 0, TimeSpan.Zero));
        run.Run(new Ebay(run.Time), _ => ("/buy/browse/v1/item/1", 1), TimeSpan.FromDays(5));
        Check(run, run.Granted / (6 * 5000.0));
    }

    private void Check(LimitedCalls run, double used)
    {
        output.WriteLine($"{used:P2} used, {run.Refused} of {run.Granted + run.Refused} refused, {run.Asked / (double)run.Granted:N2} store calls a call");
        used.ShouldBeGreaterThanOrEqualTo(0.97);
        run.Refused.ShouldBeLessThanOrEqualTo((int)((run.Granted + run.Refused) * 0.001));
    }
}

/// <summary>32 callers of one limit, who reserve in turn, and a network that takes 25 to 75 ms each way.</summary>
internal sealed class LimitedCalls
{
    private readonly Limit _limit;
    private readonly Random _random = new(1);
    private readonly SemaphoreSlim _turn = new(1);
    private readonly InMemoryJobStore _store;

    public LimitedCalls(Limit limit, DateTimeOffset? start = null)
    {
        (_limit, Time) = (limit, new(start));
        _store = new(Time);
    }

    public VirtualTime Time { get; }

    public int Granted { get; private set; }

    public int Refused { get; private set; }

    public int Asked { get; private set; }

    public void Run(IUpstream upstream, Func<double, (string Call, long Cost)> next, TimeSpan time) => Time.Run(async () =>
    {
        var until = Time.Now + time;
        await _store.DeclareLimitsAsync([new("api", _limit)]);
        await Task.WhenAll(Enumerable.Range(0, 32).Select(async _ =>
        {
            while (await PermitAsync(next(_random.NextDouble()), until) is { } call)
            {
                await SendAsync(upstream, call);
            }
        }));
    });

    private async Task<(string Call, long Cost)?> PermitAsync((string Call, long Cost) call, DateTimeOffset until)
    {
        Permit? permit = null;
        await _turn.WaitAsync();
        while (permit is null && Time.Now < until)
        {
            Asked++;
            var answer = await _store.AcquireAsync(new() { Limit = "api", Cost = call.Cost });
            permit = answer.Permits.FirstOrDefault();
            await UntilAsync(permit is null ? answer.RetryAt!.Value - answer.Within : default);
        }
        _turn.Release();
        await UntilAsync(permit?.At ?? default);
        return permit is null || Time.Now >= until ? null : call;
    }

    private async Task SendAsync(IUpstream upstream, (string Call, long Cost) call)
    {
        var sentAt = Time.Now;
        await NetworkAsync();
        var answer = upstream.Answer(UpstreamCall.To(call.Call));
        _ = answer.Status == 200 ? Granted++ : Refused++;
        await NetworkAsync();
        await _store.ReportAsync([new()
        {
            Limit = "api",
            Succeeded = answer.Status == 200 ? 1 : 0,
            Throttled = answer.Status == 429,
            SentAt = sentAt,
            Remaining = (long?)Number(answer, _limit.Headers!.Remaining),
            ResetIn = Number(answer, _limit.Headers.Reset) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            PerSecond = Number(answer, _limit.Headers.Rate),
            ExtraCost = Number(answer, "x-tokens-consumed") is { } consumed ? (long)consumed - call.Cost : 0,
        }]);
    }

    private Task NetworkAsync() => Task.Delay(TimeSpan.FromMilliseconds(25 + (50 * _random.NextDouble())), Time);

    /// <summary>Timers count whole milliseconds: a part of one would be no wait at all.</summary>
    private Task UntilAsync(DateTimeOffset at) =>
        Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(Math.Max(0, (at - Time.Now).TotalMilliseconds))), Time);

    private static double? Number(UpstreamAnswer answer, string? header) =>
        header is not null && answer.Headers.TryGetValue(header, out var value) ? double.Parse(value, CultureInfo.InvariantCulture) : null;
}
