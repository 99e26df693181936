using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>Makes the jobs of dead nodes ready again.</summary>
internal sealed partial class LeaseRescuer(TimeProvider time, IJobStore store, IAlerts? alerts, ILogger logger) : MaintenanceLoop(time, logger, store.Traits.Sweep)
{
    /// <inheritdoc />
    public override async ValueTask RunOnceAsync(CancellationToken stop)
    {
        var found = await store.RescueAsync(stop);
        foreach (var node in found.DeadNodes)
        {
            LogNodeDead(Logger, node.Id.Value, node.Name, found.Requeued, found.Poisoned);
            alerts?.Raise(new Alert(
                AlertKind.DeadNode, node.Name, $"Node {node.Id} ({node.Name}) is dead: {found.Requeued} of its jobs are ready again, {found.Poisoned} were failed as poison."));
        }
    }

    [LoggerMessage(40, LogLevel.Warning, "Node {Node} ({Name}) is dead: {Requeued} of its jobs are ready again, {Poisoned} were failed as poison")]
    private static partial void LogNodeDead(ILogger logger, long node, string name, int requeued, int poisoned);
}
