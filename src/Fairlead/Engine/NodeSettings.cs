using Fairlead.Schedules;
using Fairlead.Storage;

namespace Fairlead.Engine;

/// <summary>Everything one node is made of, so that a host, a command and the simulation start the same engine.</summary>
internal sealed record NodeSettings
{
    /// <summary>Its name for people.</summary>
    public required string Name { get; init; }

    /// <summary>How many attempts it runs at once; null: as many as its pools hold.</summary>
    public required int? Slots { get; init; }

    /// <summary>The queues it serves, the first first.</summary>
    public required IReadOnlyList<ServedQueue> Queues { get; init; }

    /// <summary>The limits it declares.</summary>
    public IReadOnlyList<NamedLimit> Limits { get; init; } = [];

    /// <summary>The schedules whose rounds it starts. Their cycles' queues are among <see cref="Queues" /> (<see cref="CycleQueues.AddTo" />).</summary>
    public IReadOnlyList<ScheduledWork> Schedules { get; init; } = [];

    /// <summary>Where it says how it stands in the cluster, if others in this process want to know.</summary>
    public NodeStanding? Standing { get; init; }

    /// <summary>What runs the jobs it claims, but for those of queues that have a worker of their own.</summary>
    public required IWorker Worker { get; init; }

    /// <summary>Queues' own workers, by the queue's name.</summary>
    public IReadOnlyDictionary<string, IWorker> OwnWorkers { get; init; } = new Dictionary<string, IWorker>();

    /// <summary>How many quick jobs it may claim ahead; 0 for none.</summary>
    public int Prefetch { get; init; }

    /// <summary>How long it may be silent.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>How long ended jobs are kept.</summary>
    public Retention Retention { get; init; } = Retention.Default;

    /// <summary>Who hears of what people should know; null for nobody.</summary>
    public IAlerts? Alerts { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Chance, for jitter; used on the loop scheduler only.</summary>
    public required Random Random { get; init; }

    /// <summary>Where the node's loops run, one step at a time. Null: on a thread of their own.</summary>
    public TaskScheduler? Loops { get; init; }

    /// <summary>Where handlers run.</summary>
    public TaskScheduler Work { get; init; } = TaskScheduler.Default;
}
