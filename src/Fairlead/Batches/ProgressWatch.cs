using System.Runtime.CompilerServices;
using Fairlead.Engine;
using Fairlead.Storage;

namespace Fairlead.Batches;

/// <summary>Follows one job or batch from state to state until it has ended: woken by the store's signals, with a poll behind them.</summary>
internal sealed class ProgressWatch(IJobStore store, TimeProvider time)
{
    /// <summary>Behind the signals, which are hints.</summary>
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>Between two looks: each end of any job rings, and thousands may end in a second.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <inheritdoc cref="JobClient.WatchAsync" />
    public async IAsyncEnumerable<Job> FollowAsync(JobId id, int every, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var bell = new Wakeup(time);
        using var listening = store.Listen(signals => RingAtEnds(bell, signals));
        (int Generation, long Steps)? told = null;
        while (true)
        {
            // Looked at after listening began: an end between the two would else be heard of only by the poll.
            var job = await store.GetJobAsync(id, cancellationToken) ?? throw new KeyNotFoundException($"There is no job {id} in {store.Description}.");
            var reached = (job.BatchState?.Generation ?? 1, Processed(job) / every);
            if (job.Status.IsEnded() || told != reached)
            {
                told = reached;
                yield return job;
            }
            if (job.Status.IsEnded())
            {
                yield break;
            }
            await bell.WaitAsync(Poll, cancellationToken);
            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    private static long Processed(Job job) => job.BatchState?.Items.Ended ?? job.Progress?.Processed ?? 0;

    private static void RingAtEnds(Wakeup bell, StoreSignals signals)
    {
        if (signals.HasFlag(StoreSignals.Ended))
        {
            bell.Ring();
        }
    }
}
