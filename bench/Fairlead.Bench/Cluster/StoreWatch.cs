using System.Diagnostics;
using Fairlead.Storage;

namespace Fairlead.Bench.Cluster;

/// <summary>Writes a little again and again, and keeps when that was not possible, or took as long as counts as an interruption of the store.</summary>
internal sealed class StoreWatch : IAsyncDisposable
{
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(250);
    private readonly IJobStore _store;
    private readonly CancellationTokenSource _ended = new();
    private readonly Lock _gate = new();
    private readonly List<(long From, long To)> _troubles = [];
    private readonly Task _watching;

    public StoreWatch(IJobStore store)
    {
        _store = store;
        _watching = WatchAsync();
    }

    /// <summary>How often it happened.</summary>
    public int Troubles
    {
        get
        {
            lock (_gate)
            {
                return _troubles.Count;
            }
        }
    }

    /// <summary>How long of the time between two moments it lasted.</summary>
    public TimeSpan TroubleIn(long from, long to)
    {
        lock (_gate)
        {
            return _troubles.Aggregate(TimeSpan.Zero, (sum, trouble) =>
                Math.Max(from, trouble.From) is var began && Math.Min(to, trouble.To) is var ended && ended > began ? sum + Stopwatch.GetElapsedTime(began, ended) : sum);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _watching;
    }

    private async Task WatchAsync()
    {
        long? failing = null;
        while (!_ended.IsCancellationRequested)
        {
            var began = failing ?? Stopwatch.GetTimestamp();
            failing = await WriteAsync() ? null : began;
            if (failing is null && Stopwatch.GetElapsedTime(began) > Stall)
            {
                lock (_gate)
                {
                    _troubles.Add((began, Stopwatch.GetTimestamp()));
                }
            }
            await Task.Delay(Between, _ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> WriteAsync()
    {
        try
        {
            await _store.ResumeAsync(ClusterTerms.Report);
            return true;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }
}
