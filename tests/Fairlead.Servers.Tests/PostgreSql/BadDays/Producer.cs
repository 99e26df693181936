using System.Collections.Concurrent;
using Fairlead.Storage;

namespace Fairlead.Servers.Tests.PostgreSql.BadDays;

/// <summary>Enqueues one job after the other and keeps what was acknowledged, how long the longest call took, and what it was told meanwhile.</summary>
internal sealed class Producer : IAsyncDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(5);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public Producer(JobClient jobs) => _running = RunAsync(jobs);

    public ConcurrentQueue<JobId> Acknowledged { get; } = [];

    public ConcurrentQueue<StoreUnavailableException> Refused { get; } = [];

    public TimeSpan Longest { get; private set; }

    /// <summary>Stops; an error that no store may answer with comes to light here.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.WithinPatienceAsync();
    }

    /// <summary>Comes back when that many more were acknowledged.</summary>
    public Task AcknowledgesAsync(int more)
    {
        var wanted = Acknowledged.Count + more;
        return Until.TrueAsync(() => Acknowledged.Count >= wanted || _running.IsFaulted, $"{more} more jobs are acknowledged");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _stop.Dispose();
    }

    private async Task RunAsync(JobClient jobs)
    {
        for (var i = 0; !_stop.IsCancellationRequested; i++)
        {
            var began = TimeProvider.System.GetTimestamp();
            try
            {
                Acknowledged.Enqueue((await jobs.EnqueueAsync(new WorkingNode.Note(i))).Id);
            }
            catch (StoreUnavailableException refused)
            {
                Refused.Enqueue(refused);
            }
            var took = TimeProvider.System.GetElapsedTime(began);
            Longest = took > Longest ? took : Longest;
            await Task.Delay(s_pause, TimeProvider.System);
        }
    }
}
