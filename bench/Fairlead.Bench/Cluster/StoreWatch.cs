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
    private readonly List<long> _troubles = [];
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

    /// <summary>The end of the last trouble between two moments; the first of them when there was none.</summary>
    public long LastTrouble(long from, long to)
    {
        lock (_gate)
        {
            return _troubles.Where(at => at > from && at < to).DefaultIfEmpty(from).Max();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _watching;
    }

    private async Task WatchAsync()
    {
        while (!_ended.IsCancellationRequested)
        {
            var began = Stopwatch.GetTimestamp();
            var isWell = await WriteAsync();
            if (!isWell || Stopwatch.GetElapsedTime(began) > Stall)
            {
                lock (_gate)
                {
                    _troubles.Add(Stopwatch.GetTimestamp());
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
