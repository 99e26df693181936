using System.Diagnostics;
using Fairlead.Engine;
using Fairlead.Processes;
using Fairlead.Processes.Pools;
using Fairlead.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Bench;

/// <summary>A node that serves one queue with a pool of processes.</summary>
internal static class PoolNode
{
    /// <summary>The queue that <see cref="Scratch.Jobs" /> are in.</summary>
    public static QueueDefinition Queue { get; } = new() { Name = "q", Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>Puts jobs into the queue, in transactions of 10,000.</summary>
    public static async Task FillAsync(IJobStore store, int jobs)
    {
        for (var left = jobs; left > 0; left -= 10_000)
        {
            await store.EnqueueAsync(Scratch.Jobs(Math.Min(left, 10_000)));
        }
    }

    /// <summary>Works off all there is, and says how long that took.</summary>
    public static async Task<TimeSpan> DrainAsync(IJobStore store, IProcessHost host, PoolOptions options)
    {
        var setup = new PoolSetup { Host = host, Ids = new WorkerIds(TimeProvider.System, static () => "1"), Time = TimeProvider.System, Logger = NullLogger.Instance };
        ProcessPool pool = options.Protocol == PoolProtocol.Stream ? new StreamPool(setup, options, Queue) : new JobPool(setup, options, Queue);
        var settings = new NodeSettings
        {
            Name = "bench",
            Slots = null,
            Queues = [new ServedQueue(Queue, [Scratch.Kind])],
            Worker = pool,
            OwnWorkers = new Dictionary<string, IWorker> { [Queue.Name] = pool },
            Prefetch = 2000,
            Time = TimeProvider.System,
            Random = new Random(1),
        };
        await using var node = new Node(store, settings, NullLoggerFactory.Instance);
        var clock = Stopwatch.StartNew();
        await node.StartAsync(default);
        await DrainedAsync(store);
        var took = clock.Elapsed;
        await node.StopAsync(default);
        return took;
    }

    private static async Task DrainedAsync(IJobStore store)
    {
        var bell = new Wakeup(TimeProvider.System);
        using var listening = store.Listen(_ => bell.Ring());
        while ((await store.ListQueuesAsync())[0].Jobs is { Ended: var ended, Total: var total } && ended < total)
        {
            await bell.WaitAsync(TimeSpan.FromMilliseconds(100), default);
        }
    }
}
