using Fairlead.Samples.Upstreams;
using Fairlead.Simulation;
using Fairlead.Storage;

namespace Fairlead.Tests.Limits;

/// <summary>
/// An adaptive limit against an upstream that grants 8/s, then 5/s, then 8/s again, in virtual time. The rows of an upstream that closes fail
/// when permits are reserved 2 s ahead, and when a cut counts from the moment it is made; with a bucket of 10, also when every cut is the same.
/// </summary>
public sealed class AdaptiveTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Seconds10 = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(5, Refusal.Plain)]
    [InlineData(8, Refusal.Plain)]
    [InlineData(10, Refusal.Plain)]
    [InlineData(5, Refusal.RetryAfter)]
    [InlineData(8, Refusal.RetryAfter)]
    [InlineData(10, Refusal.RetryAfter)]
    [InlineData(5, Refusal.Closes)]
    [InlineData(8, Refusal.Closes)]
    [InlineData(10, Refusal.Closes)]
    public void It_finds_what_the_upstream_grants_and_climbs_back(int burst, Refusal refusal)
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var run = new AdaptiveRun(burst, refusal, seed);
            run.Run();
            output.WriteLine(run.ToString());

            run.RefusedShare.ShouldBeLessThanOrEqualTo(0.01, $"{run}");
            run.Most(Seconds10, run.DroppedAt + Seconds10, run.BackAt).ShouldBeLessThanOrEqualTo((int)(1.15 * 5 * 10), $"{run}");
            run.UsedShare(8, run.BeganAt, run.DroppedAt).ShouldBeGreaterThanOrEqualTo(0.95, $"{run}");
            run.UsedShare(5, run.DroppedAt, run.BackAt).ShouldBeGreaterThanOrEqualTo(0.95, $"{run}");
            run.UsedShare(8, run.BackAt + TimeSpan.FromMinutes(2), run.EndedAt).ShouldBeGreaterThanOrEqualTo(0.95, $"{run}");
        }
    }

    [Theory]
    [InlineData(5, Refusal.Plain)]
    [InlineData(10, Refusal.Plain)]
    [InlineData(5, Refusal.RetryAfter)]
    [InlineData(10, Refusal.RetryAfter)]
    public void Of_a_minute_at_the_lower_rate_little_is_lost(int burst, Refusal refusal)
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var run = new AdaptiveRun(burst, refusal, seed) { Phase = TimeSpan.FromMinutes(1) };
            run.Run();

            run.RefusedShare.ShouldBeLessThanOrEqualTo(0.01, $"{run}");
            run.Most(Seconds10, run.DroppedAt + Seconds10, run.BackAt).ShouldBeLessThanOrEqualTo((int)(1.15 * 5 * 10), $"{run}");
            run.UsedShare(5, run.DroppedAt, run.BackAt).ShouldBeGreaterThanOrEqualTo(0.95, $"{run}");
        }
    }

    [Theory]
    [InlineData(5)]
    [InlineData(8)]
    [InlineData(10)]
    public void An_upstream_that_wants_five_seconds_after_each_refusal_is_seldom_asked_too_much(int burst)
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var run = new AdaptiveRun(burst, Refusal.Closes, seed) { RetryAfter = TimeSpan.FromSeconds(5) };
            run.Run();
            output.WriteLine(run.ToString());

            run.RefusedShare.ShouldBeLessThanOrEqualTo(0.01, $"{run}");
            run.Most(Seconds10, run.DroppedAt + Seconds10, run.BackAt).ShouldBeLessThanOrEqualTo((int)(1.15 * 5 * 10), $"{run}");
            // What one refusal costs is 25 calls, of which the bucket gives back its size.
            run.UsedShare(5, run.DroppedAt, run.BackAt).ShouldBeGreaterThanOrEqualTo(0.84, $"{run}");
        }
    }
}

/// <summary>What an upstream does to a call beyond its rate.</summary>
public enum Refusal
{
    /// <summary>429.</summary>
    Plain,

    /// <summary>429 with Retry-After: 1.</summary>
    RetryAfter,

    /// <summary>429 with Retry-After, and until then to every call.</summary>
    Closes,
}

/// <summary>32 callers of one limit, an upstream with a token bucket, and 50 to 200 ms between a call and what its answer does.</summary>
internal sealed class AdaptiveRun(int burst, Refusal refusal, int seed)
{
    private readonly VirtualTime _time = new();
    private readonly Random _random = new(seed);
    private readonly List<DateTimeOffset> _arrived = [];
    private readonly List<DateTimeOffset> _refused = [];
    private DateTimeOffset _closedUntil;
    private TokenBucket _upstream = null!;
    private InMemoryJobStore _store = null!;

    /// <summary>How long the upstream grants 8/s, then 5/s, then 8/s again.</summary>
    public TimeSpan Phase { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long it wants to be left alone after a refusal.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(1);

    public DateTimeOffset BeganAt { get; private set; }

    public DateTimeOffset DroppedAt => BeganAt + Phase;

    public DateTimeOffset BackAt => BeganAt + (2 * Phase);

    public DateTimeOffset EndedAt => BeganAt + (3 * Phase);

    public double RefusedShare => _refused.Count / (double)_arrived.Count;

    /// <summary>What was granted, as a share of what so many per second allow.</summary>
    public double UsedShare(double perSecond, DateTimeOffset from, DateTimeOffset to) =>
        (Count(_arrived, from, to) - Count(_refused, from, to)) / (perSecond * (to - from).TotalSeconds);

    /// <summary>The most that came in any window of that length.</summary>
    public int Most(TimeSpan window, DateTimeOffset from, DateTimeOffset to) =>
        _arrived.Where(at => at >= from && at + window <= to).Max(at => Count(_arrived, at, at + window));

    public void Run()
    {
        _store = new(_time);
        BeganAt = _time.Now;
        _upstream = new(8, burst, _time);
        _time.Run(async () =>
        {
            await _store.DeclareLimitsAsync([new("api", new Limit { Rate = 8.PerSecond(), Adaptive = true })]);
            await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => CallAsync()).Append(ChangeAsync()));
        });
    }

    public override string ToString() =>
        $"burst {burst}, {refusal}, seed {seed}: 429 {RefusedShare:P2}, most in 10 s {Most(TimeSpan.FromSeconds(10), DroppedAt + TimeSpan.FromSeconds(10), BackAt)}, "
        + $"used {UsedShare(8, BeganAt, DroppedAt):P1} of 8/s, {UsedShare(5, DroppedAt, BackAt):P1} of 5/s, and when it is back, by minute: "
        + string.Join(" ", Enumerable.Range(0, (int)Phase.TotalMinutes).Select(i => $"{UsedShare(8, BackAt + TimeSpan.FromMinutes(i), BackAt + TimeSpan.FromMinutes(i + 1)):P0}"));

    private async Task CallAsync()
    {
        while (_time.Now < EndedAt)
        {
            var answer = await _store.AcquireAsync(new() { Limit = "api" });
            if (answer.Permits.Count == 0)
            {
                await UntilAsync(answer.RetryAt!.Value - answer.Within);
                continue;
            }
            await UntilAsync(answer.Permits[0].At);
            await SendAsync(_time.Now);
        }
    }

    private async Task SendAsync(DateTimeOffset sentAt)
    {
        var delay = TimeSpan.FromMilliseconds(25 + (75 * _random.NextDouble()));
        await Task.Delay(delay, _time);
        var granted = Ask();
        await Task.Delay(delay, _time);
        await _store.ReportAsync([granted
            ? new() { Limit = "api", Succeeded = 1 }
            : new() { Limit = "api", Throttled = true, SentAt = sentAt, RetryAfter = refusal == Refusal.Plain ? null : RetryAfter }]);
    }

    private bool Ask()
    {
        _arrived.Add(_time.Now);
        if (_time.Now >= _closedUntil && _upstream.TryTake())
        {
            return true;
        }
        _refused.Add(_time.Now);
        if (refusal == Refusal.Closes && _time.Now >= _closedUntil)
        {
            _closedUntil = _time.Now + RetryAfter;
        }
        return false;
    }

    private async Task ChangeAsync()
    {
        await UntilAsync(DroppedAt);
        _upstream.PerSecond = 5;
        await UntilAsync(BackAt);
        _upstream.PerSecond = 8;
    }

    /// <summary>Timers count whole milliseconds: a part of one would be no wait at all.</summary>
    private Task UntilAsync(DateTimeOffset at) =>
        Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(Math.Max(0, (at - _time.Now).TotalMilliseconds))), _time);

    private static int Count(List<DateTimeOffset> moments, DateTimeOffset from, DateTimeOffset to) => moments.Count(at => at >= from && at < to);
}
