using System.Collections.Concurrent;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>
/// Carries ends of attempts to the store, many in one transaction. What cannot be delivered waits and is delivered when the store is
/// back; a slot is free only when its attempt's end is committed, which is the back-pressure.
/// </summary>
internal sealed partial class CompletionPump(NodeSettings settings, AttemptsInHand inHand, LogPump logs, ILogger logger) : Loop(settings.Time, logger)
{
    private const int MostAtOnce = 2000;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private readonly ConcurrentQueue<(RunningAttempt Running, JobTransition Transition)> _queue = new();
    private readonly ConcurrentQueue<RunningAttempt> _released = new();
    private readonly List<(RunningAttempt Running, JobTransition Transition)> _undelivered = [];
    private readonly Wakeup _bell = new(settings.Time);
    private readonly Lock _chanceGate = new();

    /// <summary>Called, on the loops' scheduler, after ends were committed.</summary>
    public Action? Committed { get; set; }

    /// <summary>Called, on the loops' scheduler, with how many ends are on their way to the store, and with 0 when none is any more.</summary>
    public Action<int>? UnderWay { get; set; }

    /// <summary>Takes the end of an attempt. Called from anywhere.</summary>
    public void Add(RunningAttempt running, JobTransition transition)
    {
        _queue.Enqueue((running, transition));
        _bell.Ring();
    }

    /// <summary>An abandoned attempt's code has ended at last. Called from anywhere.</summary>
    public void ReleaseAbandoned(RunningAttempt running)
    {
        _released.Enqueue(running);
        _bell.Ring();
    }

    /// <summary>A number from 0 up to 1 from the node's own chance.</summary>
    public double Chance()
    {
        lock (_chanceGate)
        {
            return settings.Random.NextDouble();
        }
    }

    /// <inheritdoc />
    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        if (_undelivered.Count == 0 && _queue.IsEmpty && _released.IsEmpty)
        {
            await _bell.WaitAsync(Longest, stop);
        }
        await DeliverAsync(CancellationToken.None);
    }

    /// <summary>Delivers what there is now, in one transaction for each id this node has had.</summary>
    public async ValueTask DeliverAsync(CancellationToken cancellationToken)
    {
        while (_undelivered.Count < MostAtOnce && _queue.TryDequeue(out var next))
        {
            _undelivered.Add(next);
        }
        while (_undelivered.Count > 0)
        {
            await ApplyAsync(_undelivered[0].Running.Node, cancellationToken);
        }
        // Not before its abandonment is delivered: a release that overtakes it would be for nothing.
        while (_released.TryPeek(out var released) && inHand.Find(released.Key) is null)
        {
            await Store.ReleaseAbandonedAsync(released.Node, released.Key, cancellationToken);
            _released.TryDequeue(out _);
        }
    }

    /// <summary>The store it delivers to.</summary>
    public required IJobStore Store { get; init; }

    private async ValueTask ApplyAsync(NodeId node, CancellationToken cancellationToken)
    {
        var batch = _undelivered.TrueForAll(entry => entry.Running.Node == node) ? [.. _undelivered] : _undelivered.Where(entry => entry.Running.Node == node).ToList();
        await logs.FlushAsync(cancellationToken);
        var answers = await UnderWayAsync(batch.Count, Store.ApplyAsync(node, batch.ConvertAll(entry => entry.Transition), cancellationToken));
        _undelivered.RemoveAll(entry => entry.Running.Node == node);
        for (var i = 0; i < batch.Count; i++)
        {
            Conclude(batch[i].Running, answers[i]);
        }
        Committed?.Invoke();
    }

    /// <summary>While ends are on their way to the store, the claim that fills their slots may follow right behind: often both share one commit.</summary>
    private async ValueTask<IReadOnlyList<ApplyResult>> UnderWayAsync(int count, ValueTask<IReadOnlyList<ApplyResult>> applying)
    {
        UnderWay?.Invoke(count);
        try
        {
            return await applying;
        }
        finally
        {
            UnderWay?.Invoke(0);
        }
    }

    private void Conclude(RunningAttempt running, ApplyResult answer)
    {
        inHand.Remove(running.Key);
        if (answer == ApplyResult.Stale)
        {
            LogStale(Logger, running.Key.Job, running.Key.Fence);
        }
    }

    [LoggerMessage(20, LogLevel.Warning, "The result of job {Job} (fence {Fence}) was refused: the job was given to another attempt meanwhile")]
    private static partial void LogStale(ILogger logger, JobId job, long fence);
}
