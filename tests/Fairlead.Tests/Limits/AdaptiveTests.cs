using Fairlead.Samples.Upstreams;
using Fairlead.Simulation;
using Fairlead.Storage;

namespace Fairlead.Tests.Limits;

/// <summary>An adaptive limit against an upstream that grants 8/s, then 5/s, then 8/s again, in virtual time.</summary>
public sealed class AdaptiveTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(5, false)]
    [InlineData(8, false)]
    [InlineData(10, false)]
    [InlineData(5, true)]
    [InlineData(8, true)]
    [InlineData(10, true)]
    public void It_finds_what_the_upstream_grants_and_climbs_back(int burst, bool retryAfter)
    {
        for (var seed = 1; seed <= 5; seed++)
        {
            var run = new AdaptiveRun(burst, retryAfter, seed);
            run.Run();
            output.WriteLine($"burst {burst}, retry-after {retryAfter}, seed {seed}: {run}");
        }
    }
}

/// <summary>32 callers of one limit, an upstream with a token bucket, and 50 to 200 ms between a call and what its answer does.</summary>
internal sealed class AdaptiveRun(int burst, bool retryAfter, int seed)
{
    private static readonly TimeSpan Phase = TimeSpan.FromMinutes(5);

    private readonly VirtualTime _time = new();
    private readonly Random _random = new(seed);
    private readonly List<DateTimeOffset> _arrived = [];
    private readonly List<DateTimeOffset> _refused = [];
    private DateTimeOffset _began;
    private TokenBucket _upstream = null!;
    private InMemoryJobStore _store = null!;

    public DateTimeOffset DroppedAt => _began + Phase;

    public DateTimeOffset BackAt => _began + (2 * Phase);

    public DateTimeOffset EndedAt => _began + (3 * Phase);

    public double RefusedShare => _refused.Count / (double)_arrived.Count;

    public int Arrived(DateTimeOffset from, DateTimeOffset to) => _arrived.Count(at => at >= from && at < to);

    public int Granted(DateTimeOffset from, DateTimeOffset to) => Arrived(from, to) - _refused.Count(at => at >= from && at < to);

    /// <summary>The most that came in any window of that length.</summary>
    public int Most(TimeSpan window, DateTimeOffset from, DateTimeOffset to) =>
        _arrived.Where(at => at >= from && at + window <= to).Max(at => Arrived(at, at + window));

    public void Run()
    {
        _store = new(_time);
        _began = _time.Now;
        _upstream = new(8, burst, _time);
        _time.Run(async () =>
        {
            await _store.DeclareLimitsAsync([new("api", 8.PerSecond() is var rate ? Limit.FromRate(rate) with { Adaptive = true } : null!)]);
            await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => CallAsync()).Append(ChangeAsync()));
        });
    }

    public override string ToString() =>
        $"429 {RefusedShare:P2} ({_refused.Count}; {_refused.Count(at => at >= DroppedAt + TimeSpan.FromSeconds(10))} later than 10 s), "
        + $"most in 10 s after 10 s {Most(TimeSpan.FromSeconds(10), DroppedAt + TimeSpan.FromSeconds(10), BackAt) / 10.0:N2}/s, in 2 s {Most(TimeSpan.FromSeconds(2), DroppedAt + TimeSpan.FromSeconds(10), BackAt) / 2.0:N2}/s, "
        + $"used at 8 {Granted(_began, DroppedAt) / (8 * Phase.TotalSeconds):P1}, at 5 {Granted(DroppedAt, BackAt) / (5 * Phase.TotalSeconds):P1}, "
        + $"back: {string.Join(" ", Enumerable.Range(0, 10).Select(i => $"{Granted(BackAt + (i * TimeSpan.FromSeconds(30)), BackAt + ((i + 1) * TimeSpan.FromSeconds(30))) / 30.0:N1}"))}";

    private async Task CallAsync()
    {
        while (_time.Now < EndedAt)
        {
            var answer = await _store.AcquireAsync(new() { Limit = "api", Within = TimeSpan.FromSeconds(1) });
            if (answer.Permits.Count == 0)
            {
                await DelayUntil(answer.RetryAt!.Value);
                continue;
            }
            await DelayUntil(answer.Permits[0].At);
            await SendAsync(_time.Now);
        }
    }

    private async Task SendAsync(DateTimeOffset sentAt)
    {
        var delay = TimeSpan.FromMilliseconds(25 + (75 * _random.NextDouble()));
        await Task.Delay(delay, _time);
        _arrived.Add(_time.Now);
        var granted = _upstream.TryTake();
        if (!granted)
        {
            _refused.Add(_time.Now);
        }
        await Task.Delay(delay, _time);
        await _store.ReportAsync([granted
            ? new() { Limit = "api", Succeeded = 1 }
            : new() { Limit = "api", Throttled = true, SentAt = sentAt, RetryAfter = retryAfter ? TimeSpan.FromSeconds(1) : null }]);
    }

    private async Task ChangeAsync()
    {
        await DelayUntil(DroppedAt);
        _upstream.PerSecond = 5;
        await DelayUntil(BackAt);
        _upstream.PerSecond = 8;
    }

    private Task DelayUntil(DateTimeOffset at) => Task.Delay(at > _time.Now ? at - _time.Now : TimeSpan.Zero, _time);
}
