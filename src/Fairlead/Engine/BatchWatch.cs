using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>
/// Tells people of batches that have ended with failed items, each once. Batches that had ended before this node began are passed over, and a
/// look costs a bounded number of reads by id, however many batches there are.
/// </summary>
internal sealed class BatchWatch(TimeProvider time, IJobStore store, StoreClock clock, IAlerts alerts, ILogger logger) : MaintenanceLoop(time, logger, Every)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);
    private const int MostLooks = 100, MostWatched = 10_000;
    private readonly Queue<JobId> _unfinished = [];
    private JobId? _newest;

    /// <inheritdoc />
    public override async ValueTask RunOnceAsync(CancellationToken stop)
    {
        if (!alerts.Wants(AlertKind.FailedBatch))
        {
            _newest = null;
            _unfinished.Clear();
            return;
        }
        // In turn: with thousands of unfinished batches each is looked at less often.
        for (var looks = Math.Min(MostLooks, _unfinished.Count); looks > 0; looks--)
        {
            var batch = await store.GetJobAsync(_unfinished.Peek(), stop);
            _unfinished.Dequeue();
            Look(batch);
        }
        if (_newest is { } newest)
        {
            await LookAtNewAsync(newest, stop);
        }
        else
        {
            await BeginAsync(stop);
        }
    }

    /// <summary>The first look: what goes on, or has ended since the node began, is watched; the rest is history.</summary>
    private async ValueTask BeginAsync(CancellationToken stop)
    {
        var page = await store.ListJobsAsync(new JobQuery { BatchesOnly = true, NewestFirst = true, Limit = MostLooks }, stop);
        var began = clock.Now - Every;
        foreach (var batch in page.Jobs.Where(batch => batch.EndedAt is null || batch.EndedAt >= began).Reverse())
        {
            Look(batch);
        }
        _newest = page.Jobs.Count > 0 ? page.Jobs[0].Id : new JobId(0);
    }

    /// <summary>Ids only grow: what is above the last one seen has come since.</summary>
    private async ValueTask LookAtNewAsync(JobId newest, CancellationToken stop)
    {
        var page = await store.ListJobsAsync(new JobQuery { BatchesOnly = true, Cursor = newest, Limit = MostLooks }, stop);
        foreach (var batch in page.Jobs)
        {
            _newest = batch.Id;
            Look(batch);
        }
    }

    private void Look(Job? batch)
    {
        if (batch is null)
        {
            return;
        }
        if (!batch.Status.IsEnded())
        {
            Watch(batch.Id);
            return;
        }
        if (batch.BatchState?.Items is { Failed: > 0 } items)
        {
            var name = batch.BatchState.Name is { } named ? $"Batch {named} ({batch.Id})" : $"Batch {batch.Id}";
            alerts.Raise(new Alert(AlertKind.FailedBatch, batch.Id.ToString(), $"{name} of queue {batch.Queue} has ended with {items.Failed} of {items.Total} items failed."));
        }
    }

    private void Watch(JobId batch)
    {
        _unfinished.Enqueue(batch);
        if (_unfinished.Count > MostWatched)
        {
            _unfinished.Dequeue();
        }
    }
}
