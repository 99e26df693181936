using Fairlead.Engine;
using Fairlead.Storage;

namespace Fairlead.AspNetCore.Requests;

/// <summary>Waits for a job's end on behalf of a client.</summary>
internal static class EndWatch
{
    /// <summary>Behind the signals, which are hints.</summary>
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>Between two looks: with a thousand waiting clients, each end of any job would else be a thousand readings.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>The job as it stands when it has ended, or when the time is over.</summary>
    public static async ValueTask<Job> WaitAsync(ApiRequest request, JobId id, TimeSpan atMost)
    {
        using var over = new CancellationTokenSource(atMost, request.Time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(over.Token, request.Aborted);
        var bell = new Wakeup(request.Time);
        using var listening = request.Store.Listen(signals => RingAtEnds(bell, signals));
        while (true)
        {
            var job = await request.JobAsync(id);
            if (job.Status.IsEnded() || over.IsCancellationRequested)
            {
                return job;
            }
            await bell.WaitAsync(Poll, stop.Token);
            await Task.Delay(Pause, request.Time, request.Aborted);
        }
    }

    private static void RingAtEnds(Wakeup bell, StoreSignals signals)
    {
        if (signals.HasFlag(StoreSignals.Ended))
        {
            bell.Ring();
        }
    }
}
