using System.Collections.Concurrent;
using System.Threading.RateLimiting;
using Fairlead.Engine;
using Fairlead.Policies;
using Fairlead.Storage;

namespace Fairlead.Limits;

/// <summary>
/// The only door to the limits that the cluster shares, for calls outside a claim: permits, and what upstreams answered. Safe from any
/// thread. Where no workers run, the limits that were added here are declared when it is first used.
/// </summary>
public sealed class LimitClient : IAsyncDisposable
{
    private const int MostIdle = 10_000;
    private static readonly TimeSpan IdleFor = TimeSpan.FromMinutes(10);
    private readonly ConcurrentDictionary<(string Name, string? Group), SharedRateLimiter> _limiters = new();
    private readonly ConcurrentDictionary<string, Limit> _known;
    private readonly IReadOnlyList<NamedLimit> _declared;
    private readonly LimitFeedback _feedback;
    private readonly Lock _gate = new();
    private IDisposable? _listening;
    private volatile bool _ready;
    private int _stale = 1;
    private long _questions;

    internal LimitClient(IJobStore store, NodeStanding standing, IReadOnlyList<NamedLimit> declared, int leaseAhead)
    {
        (Store, Standing, LeaseAhead, _declared) = (store, standing, leaseAhead, declared);
        _known = new(declared.Select(static limit => KeyValuePair.Create(limit.Name, limit.Limit)), StringComparer.Ordinal);
        _feedback = new(this);
    }

    internal IJobStore Store { get; }

    internal NodeStanding Standing { get; }

    internal int LeaseAhead { get; }

    /// <summary>How many calls of the store permits have cost so far: asked for, and given back.</summary>
    internal long Questions => Interlocked.Read(ref _questions);

    internal void Asked() => Interlocked.Increment(ref _questions);

    /// <summary>The limit as a <see cref="RateLimiter" />: the same object for the same name and group.</summary>
    /// <param name="name">Its name; that nobody has declared it is said when a permit is asked for.</param>
    /// <param name="group">The group, where each group has a limit of its own; ignored where it is known that it has not.</param>
    public SharedRateLimiter For(string name, string? group = null)
    {
        var own = _known.TryGetValue(name, out var limit) && !limit.PerGroup ? null : group;
        if (_limiters.Count > MostIdle)
        {
            ForgetIdle();
        }
        return _limiters.GetOrAdd((name, own), static (key, client) => new(client, key.Name, key.Group), this);
    }

    /// <summary>
    /// Tells the cluster what became of calls through a limit. Successes, headers and costs are summed and sent every 250 ms at most; 429s,
    /// failures and the word that nothing is left are sent before this returns, and a <see cref="LimitReport.RetryAfter" /> counts here at once. While the store is away they wait.
    /// </summary>
    public ValueTask ReportAsync(LimitReport report, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var limiter = For(report.Limit, report.Group);
        if (report is { Throttled: true, RetryAfter: { Ticks: > 0 } after })
        {
            limiter.Hold(Standing.Clock.Now + after);
        }
        return _feedback.AddAsync(report with { Group = limiter.Group });
    }

    /// <summary>Sends what was summed, and listens no more.</summary>
    public async ValueTask DisposeAsync()
    {
        _listening?.Dispose();
        await _feedback.SendAsync();
    }

    /// <summary>Opens the store and declares the limits, where no node does; learns what is in force.</summary>
    internal async ValueTask ReadyAsync()
    {
        if (!_ready)
        {
            if (Standing.Node is null || Standing.IsLent)
            {
                await Store.OpenAsync();
            }
            if (Standing.Node is null)
            {
                await Store.DeclareLimitsAsync(_declared);
            }
            Listen();
            _ready = true;
        }
        if (Interlocked.Exchange(ref _stale, 0) == 1)
        {
            await LearnAsync();
        }
    }

    /// <summary>Whether it is known to be a rate.</summary>
    internal bool IsRate(string name) => _known.TryGetValue(name, out var limit) && !limit.IsConcurrent;

    /// <summary>What is in force under that name; null when unknown.</summary>
    internal Limit? Find(string name) => _known.GetValueOrDefault(name);

    /// <summary>Permits per second of a rate; zero when unknown: then it counts as scarce.</summary>
    internal double PerSecondOf(string name) => _known.TryGetValue(name, out var limit) ? limit.Rate?.PerSecond ?? 0 : 0;

    /// <summary>How far apart this node's callers can get its permits on the average; zero where they come all at once (a quota, an exact window).</summary>
    internal TimeSpan SpacingOf(string name) =>
        Find(name) is { Resets: null, Shape: LimitShape.Smooth } && PerSecondOf(name) is > 0 and var rate ? TimeSpan.FromSeconds(Standing.LiveNodes / rate) : TimeSpan.Zero;

    /// <summary>What this node may use of it while the store is away; null for nothing.</summary>
    internal SafeShare? ShareOf(string name) => _known.TryGetValue(name, out var limit) ? SafeShare.Of(limit, Standing.LiveNodes) : null;

    private void Listen()
    {
        lock (_gate)
        {
            _listening ??= Store.Listen(OnSignal);
        }
    }

    private void OnSignal(StoreSignals signals)
    {
        if (signals.HasFlag(StoreSignals.Control))
        {
            Volatile.Write(ref _stale, 1);
        }
        foreach (var (_, limiter) in _limiters)
        {
            limiter.Signalled(signals);
        }
    }

    /// <summary>What is in force, an operator's change and an adaptive rate included: what a share is reckoned from.</summary>
    private async ValueTask LearnAsync()
    {
        foreach (var limits in (await Store.ListLimitsAsync()).GroupBy(static limit => limit.Name, StringComparer.Ordinal))
        {
            var limit = limits.First().InForce;
            var rate = limits.Min(static state => state.PerSecond) / (1 - limit.Margin);
            _known[limits.Key] = rate < limit.Rate?.PerSecond ? limit with { Rate = limit.Rate.Value with { Per = TimeSpan.FromSeconds(limit.Rate.Value.Permits / rate.Value) } } : limit;
        }
    }

    private void ForgetIdle()
    {
        foreach (var (key, limiter) in _limiters)
        {
            if (limiter.IdleDuration > IdleFor)
            {
                _limiters.TryRemove(key, out _);
            }
        }
    }
}
