using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>
/// This node's place in the cluster: joins, is heard of in time, hears of cancellations, and joins anew with a new id when the lease
/// was lost; what it ran until then is no longer its own and is stopped.
/// </summary>
internal sealed partial class Membership(NodeSettings settings, ServedWork served, IJobStore store, NodeStanding standing, AttemptsInHand inHand, ILogger logger) : Loop(settings.Time, logger)
{
    private readonly Wakeup _bell = new(settings.Time);
    private readonly HashSet<string> _ailing = new(StringComparer.Ordinal);
    private readonly StoreClock _clock = standing.Clock;

    /// <summary>The id under which this node claims; null while it has none.</summary>
    public NodeId? Node => standing.Node;

    /// <summary>True when somebody asked this node to take no more work.</summary>
    public bool Draining { get; private set; }

    /// <summary>True once it has lost its lease and joined anew.</summary>
    public bool HasLostLease { get; private set; }

    /// <summary>Called after joining.</summary>
    public Action? Joined { get; set; }

    /// <summary>Called with the workers that somebody wants ended.</summary>
    public Action<IReadOnlyList<string>>? EndWorkers { get; set; }

    /// <summary>Looks for cancellations soon. Called from anywhere.</summary>
    public void LookNow() => _bell.Ring();

    /// <summary>Joins the cluster.</summary>
    /// <exception cref="StoreMismatchException">A live node holds another definition of one of the queues.</exception>
    public async ValueTask JoinAsync(CancellationToken cancellationToken)
    {
        var asked = _clock.Ask();
        var lease = await store.JoinAsync(served.Registration, cancellationToken);
        _clock.Set(lease.Now, asked);
        standing.Joined(lease, settings.Lease);
        Joined?.Invoke();
    }

    /// <summary>Leaves the cluster: whatever is still held is handed back.</summary>
    public async ValueTask LeaveAsync(CancellationToken cancellationToken)
    {
        if (Node is { } node)
        {
            await store.LeaveAsync(node, cancellationToken);
            standing.Gone();
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
        var asked = _clock.Ask();
        var reply = await store.HeartbeatAsync(node, CancellationToken.None);
        _clock.Set(reply.Now, asked);
        Draining = reply.Drain;
        standing.Heard(reply.LiveNodes);
        SayWhatAils(reply.Ailing);
        if (!reply.Held)
        {
            LoseLease(node);
            await JoinAsync(stop);
            return;
        }
        served.Obey(reply.Changed);
        EndWorkers?.Invoke(reply.EndWorkers);
        foreach (var key in reply.Cancel)
        {
            inHand.Find(key)?.Stop(StopReason.Cancelled);
        }
    }

    private void SayWhatAils(IReadOnlyList<string> ailing)
    {
        foreach (var queue in ailing.Where(_ailing.Add))
        {
            LogAiling(Logger, queue);
        }
        foreach (var queue in _ailing.Except(ailing).ToList())
        {
            _ailing.Remove(queue);
            LogWell(Logger, queue);
        }
    }

    private void LoseLease(NodeId node)
    {
        LogLeaseLost(Logger, node.Value, inHand.Count);
        HasLostLease = true;
        standing.Gone();
        foreach (var running in inHand.Snapshot())
        {
            running.Stop(StopReason.LeaseLost);
        }
    }

    [LoggerMessage(31, LogLevel.Error, "Queue {Queue} is paused: more than half of its groups fail, which is rather our own network than all of them; one of them is tried at a time until it is over")]
    private static partial void LogAiling(ILogger logger, string queue);

    [LoggerMessage(32, LogLevel.Information, "Queue {Queue} is well again: fewer than half of its groups fail")]
    private static partial void LogWell(ILogger logger, string queue);

    [LoggerMessage(30, LogLevel.Error, "This node ({Node}) was silent for longer than its lease: its {Count} attempts belong to others now and are stopped")]
    private static partial void LogLeaseLost(ILogger logger, long node, int count);
}
