using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>
/// This node's place in the cluster: joins, is heard of in time, hears of cancellations, and joins anew with a new id when the lease
/// was lost; what it ran until then is no longer its own and is stopped.
/// </summary>
internal sealed partial class Membership(NodeSettings settings, IJobStore store, StoreClock clock, AttemptsInHand inHand, ILogger logger) : Loop(settings.Time, logger)
{
    private readonly Wakeup _bell = new(settings.Time);

    /// <summary>The id under which this node claims; null while it has none.</summary>
    public NodeId? Node { get; private set; }

    /// <summary>True when somebody asked this node to take no more work.</summary>
    public bool Draining { get; private set; }

    /// <summary>Called after joining.</summary>
    public Action? Joined { get; set; }

    /// <summary>Looks for cancellations soon. Called from anywhere.</summary>
    public void LookNow() => _bell.Ring();

    /// <summary>Joins the cluster.</summary>
    /// <exception cref="StoreMismatchException">A live node holds another definition of one of the queues.</exception>
    public async ValueTask JoinAsync(CancellationToken cancellationToken)
    {
        var asked = clock.Ask();
        var lease = await store.JoinAsync(
            new NodeRegistration { Name = settings.Name, Queues = settings.Queues, Limits = settings.Limits, Slots = settings.Slots, Lease = settings.Lease }, cancellationToken);
        clock.Set(lease.Now, asked);
        Node = lease.Node;
        Joined?.Invoke();
    }

    /// <summary>Leaves the cluster: whatever is still held is handed back.</summary>
    public async ValueTask LeaveAsync(CancellationToken cancellationToken)
    {
        if (Node is { } node)
        {
            await store.LeaveAsync(node, cancellationToken);
            Node = null;
        }
    }

    /// <inheritdoc />
    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        await _bell.WaitAsync(store.Traits.Heartbeat, stop);
        if (stop.IsCancellationRequested)
        {
            return;
        }
        if (Node is not { } node)
        {
            await JoinAsync(stop);
            return;
        }
        var asked = clock.Ask();
        var reply = await store.HeartbeatAsync(node, CancellationToken.None);
        clock.Set(reply.Now, asked);
        Draining = reply.Drain;
        if (!reply.Held)
        {
            LoseLease(node);
            await JoinAsync(stop);
            return;
        }
        foreach (var key in reply.Cancel)
        {
            inHand.Find(key)?.Stop(StopReason.Cancelled);
        }
    }

    private void LoseLease(NodeId node)
    {
        LogLeaseLost(Logger, node.Value, inHand.Count);
        Node = null;
        foreach (var running in inHand.Snapshot())
        {
            running.Stop(StopReason.LeaseLost);
        }
    }

    [LoggerMessage(30, LogLevel.Error, "This node ({Node}) was silent for longer than its lease: its {Count} attempts belong to others now and are stopped")]
    private static partial void LogLeaseLost(ILogger logger, long node, int count);
}
