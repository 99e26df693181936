using Fairlead.Engine;
using Fairlead.Storage;

namespace Fairlead.Testing.Simulation;

/// <summary>What one simulated run is made of. The bugs are for tests of the simulation itself: they are put between, never into the engine.</summary>
internal sealed record ClusterOptions
{
    public static ClusterOptions Default { get; } = new();

    public int Nodes { get; init; } = 3;

    public int Jobs { get; init; } = 200;

    public int Faults { get; init; } = 10;

    /// <summary>How much of the journal a failure shows.</summary>
    public int Lines { get; init; } = 40;

    /// <summary>Stands between the auditor and the store: a bug of the store.</summary>
    public Func<IJobStore, TimeProvider, IJobStore>? StoreBug { get; init; }

    /// <summary>Stands between a node and its way to the store: a bug of the engine.</summary>
    public Func<IJobStore, TimeProvider, IJobStore>? NodeBug { get; init; }

    /// <summary>Stands between a node and its work: a bug of what runs attempts.</summary>
    public Func<IWorker, IWorker>? WorkBug { get; init; }
}
