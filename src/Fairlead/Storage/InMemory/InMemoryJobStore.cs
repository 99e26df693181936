using Fairlead.Storage.InMemory;

namespace Fairlead.Storage;

/// <summary>
/// The reference store: the whole contract in this process's memory, gone with it. For tests, for simulation, and as the shortest
/// reading of what the promises mean. One lock, no threads or timers of its own, and the same calls at the same times give the same
/// answers: nothing is ever walked in an order that could differ from run to run.
/// </summary>
/// <param name="clock">The store's clock; leases, due times and deadlines go by it.</param>
public sealed partial class InMemoryJobStore(TimeProvider clock) : IJobStore
{
    private readonly Lock _gate = new();
    private readonly JobTable _jobs = new();
    private readonly Dictionary<string, QueueRow> _queues = new(StringComparer.Ordinal);
    private readonly List<QueueRow> _queueOrder = [];
    private readonly SortedDictionary<long, NodeRow> _nodes = [];
    private readonly Dictionary<(string Queue, string Key), JobRow> _uniqueKeys = [];
    private readonly Dictionary<string, SortedSet<JobRow>> _batchNames = new(StringComparer.Ordinal);
    private readonly SortedSet<JobRow> _deadlines = new(RowOrder.ByDeadline);
    private readonly SortedSet<JobRow> _endedWell = new(RowOrder.ByEnd);
    private readonly SortedSet<JobRow> _endedBadly = new(RowOrder.ByEnd);
    private readonly Queue<JobRow> _fallout = new();
    private bool _settling;
    private long _lastNode;
    private long _lastLine;
    private long _staleRefused;
    private long _nodesLost;
    private long _abandoned;
    private long _cancelled;

    private Action<StoreSignals>[] _listeners = [];
    private StoreSignals _pending;

    /// <inheritdoc />
    public string Description => "memory:";

    /// <inheritdoc />
    public StoreTraits Traits { get; } = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));

    /// <inheritdoc />
    public ValueTask OpenAsync(CancellationToken cancellationToken = default) => default;

    /// <inheritdoc />
    public ValueTask DisposeAsync() => default;

    /// <inheritdoc />
    public IDisposable Listen(Action<StoreSignals> onSignal)
    {
        lock (_gate)
        {
            _listeners = [.. _listeners, onSignal];
        }
        return new Listener(this, onSignal);
    }

    /// <summary>One transaction: everything in <paramref name="step" /> happens at one moment of the clock, and signals go out after it.</summary>
    private ValueTask<T> CommitAsync<T>(Func<DateTimeOffset, T> step, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellationToken);
        }
        T result;
        StoreSignals signals;
        Action<StoreSignals>[] listeners;
        lock (_gate)
        {
            try
            {
                result = step(clock.GetUtcNow());
            }
            catch (Exception refused) when (refused is ArgumentException or StoreMismatchException)
            {
                return ValueTask.FromException<T>(refused);
            }
            (signals, _pending) = (_pending, StoreSignals.None);
            listeners = _listeners;
        }
        if (signals != StoreSignals.None)
        {
            foreach (var listener in listeners)
            {
                listener(signals);
            }
        }
        return new(result);
    }

    private async ValueTask CommitAsync(Action<DateTimeOffset> step, CancellationToken cancellationToken) =>
        await CommitAsync(now => { step(now); return true; }, cancellationToken);

    private void Signal(StoreSignals signals) => _pending |= signals;

    private QueueRow QueueNamed(string name)
    {
        if (!_queues.TryGetValue(name, out var queue))
        {
            _queues.Add(name, queue = new(name));
            _queueOrder.Add(queue);
        }
        return queue;
    }

    private NodeRow? Member(NodeId id) => _nodes.TryGetValue(id.Value, out var node) && node.IsMember ? node : null;

    private sealed class Listener(InMemoryJobStore store, Action<StoreSignals> onSignal) : IDisposable
    {
        public void Dispose()
        {
            lock (store._gate)
            {
                var at = Array.IndexOf(store._listeners, onSignal);
                if (at >= 0)
                {
                    store._listeners = [.. store._listeners[..at], .. store._listeners[(at + 1)..]];
                }
            }
        }
    }
}
