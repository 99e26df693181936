using Fairlead.Engine;
using Fairlead.Limits;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Processes.Pools;

/// <summary>What every pool of a node stands on.</summary>
internal sealed record PoolSetup
{
    /// <summary>Where processes run.</summary>
    public required IProcessHost Host { get; init; }

    /// <summary>Names them.</summary>
    public required WorkerIds Ids { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Where the node writes.</summary>
    public required ILogger Logger { get; init; }

    /// <summary>Where processes get permits that they ask for; null where they cannot.</summary>
    public LimitClient? Limits { get; init; }

    /// <summary>Where processes take keys once; null where they cannot.</summary>
    public IJobKeys? Keys { get; init; }

    /// <summary>The policies of a queue that processes enqueue jobs into, as far as this node knows them.</summary>
    public Func<string, QueueDefinition> QueueOf { get; init; } = static name => new QueueDefinition { Name = name };

    /// <summary>Hears of what people should know.</summary>
    public IAlerts? Alerts { get; init; }
}
