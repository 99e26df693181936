using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>Forgets ended jobs when their time is over.</summary>
internal sealed class HistoryPruner(TimeProvider time, IJobStore store, Retention retention, ILogger logger) : MaintenanceLoop(time, logger, TimeSpan.FromMinutes(1))
{
    private const int AtOnce = 1000;

    /// <inheritdoc />
    public override async ValueTask RunOnceAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested && await store.PruneAsync(retention, AtOnce, stop) >= AtOnce)
        {
            // More are waiting: each call is short, so that claims get their turn.
        }
    }
}
