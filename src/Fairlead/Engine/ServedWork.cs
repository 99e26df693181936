using Fairlead.Storage;

namespace Fairlead.Engine;

/// <summary>
/// What this node serves now: what it was started with, or last reloaded, and above it what operators changed. Read from any thread,
/// replaced on the loops' scheduler.
/// </summary>
internal sealed class ServedWork
{
    private static readonly IReadOnlyDictionary<string, QueueDefinition> None = new Dictionary<string, QueueDefinition>();
    private volatile NodeSettings _declared;
    private volatile IReadOnlyList<IPool> _leaving = [];
    private volatile IReadOnlyDictionary<string, QueueDefinition> _inForce = None;

    public ServedWork(NodeSettings settings)
    {
        _declared = settings;
        TellPools(settings);
    }

    /// <summary>What the node was started with, or last reloaded.</summary>
    public NodeSettings Declared => _declared;

    /// <summary>How many attempts it runs at once.</summary>
    public int Slots => SlotsOf(_declared) + (_declared.Slots is null ? RoomBesidePools : 0);

    /// <summary>Called after something has changed.</summary>
    public Action? Changed { get; set; }

    /// <summary>Its queues that are made of processes.</summary>
    public IEnumerable<IPool> Pools => PoolsOf(_declared);

    /// <summary>Its pools, and those that it no longer serves and that still have processes.</summary>
    public IEnumerable<IPool> PoolsAndLeaving => _leaving.Where(static pool => !pool.IsGone).Concat(Pools);

    /// <summary>What it tells the store.</summary>
    public NodeRegistration Registration => RegistrationOf(_declared);

    /// <summary>The policies of one of its queues that are in force.</summary>
    public QueueDefinition InForce(ServedQueue queue) => _inForce.GetValueOrDefault(queue.Definition.Name, queue.Definition);

    /// <summary>False for a queue that it served before the last reload: a claim that was under way may still bring some of its jobs.</summary>
    public bool Serves(string queue) => _declared.Queues.Any(served => served.Definition.Name == queue);

    /// <summary>What runs the jobs of a queue.</summary>
    public IWorker WorkerOf(string queue) => _declared.OwnWorkers.GetValueOrDefault(queue, _declared.Worker);

    /// <summary>Serves something else from now on; what runs goes on. Pools that it no longer names are closed.</summary>
    public void Replace(NodeSettings settings)
    {
        var leaving = Pools.Except(PoolsOf(settings)).ToList();
        _leaving = [.. _leaving.Where(static pool => !pool.IsGone), .. leaving];
        _declared = settings;
        leaving.ForEach(static pool => pool.Close());
        TellPools(settings);
        Changed?.Invoke();
    }

    /// <summary>Takes over what operators changed.</summary>
    public void Obey(IReadOnlyList<QueueDefinition> changed)
    {
        if (changed.Count == _inForce.Count && changed.All(queue => queue.Equals(_inForce.GetValueOrDefault(queue.Name))))
        {
            return;
        }
        _inForce = changed.ToDictionary(static queue => queue.Name, StringComparer.Ordinal);
        TellPools(_declared);
        Changed?.Invoke();
    }

    /// <summary>Own workers that are no pools: where the pools' places are what bounds a node, full pools must not keep cycles waiting.</summary>
    private int RoomBesidePools => _declared.OwnWorkers.Values.Where(static worker => worker is not IPool).Distinct().Sum(static worker => worker.Capacity ?? 0);

    private static IEnumerable<IPool> PoolsOf(NodeSettings settings) => settings.OwnWorkers.Values.OfType<IPool>();

    private static int SlotsOf(NodeSettings settings) => settings.Slots ?? Math.Max(PoolsOf(settings).Sum(static pool => pool.Slots), 1);

    /// <summary>What a node of these settings tells the store.</summary>
    public static NodeRegistration RegistrationOf(NodeSettings settings) => new()
    {
        Name = settings.Name,
        Queues = settings.Queues,
        Limits = settings.Limits,
        Schedules = [.. settings.Schedules.Select(static schedule => schedule.Definition)],
        Slots = SlotsOf(settings),
        Lease = settings.Lease,
    };

    private void TellPools(NodeSettings settings)
    {
        foreach (var queue in settings.Queues)
        {
            if (settings.OwnWorkers.GetValueOrDefault(queue.Definition.Name) is IPool pool)
            {
                pool.Obey(InForce(queue));
            }
        }
    }
}
