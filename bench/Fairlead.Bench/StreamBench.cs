using System.Diagnostics;
using Fairlead.Engine;
using Fairlead.Processes;
using Fairlead.Processes.Pools;
using Fairlead.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Bench;

/// <summary>No-op jobs through one Python process of <c>protocol: stream</c>, end to end on SQLite: one at a time, and with a prefetch.</summary>
internal static class StreamBench
{
    /// <summary>As quick as Python answers: what is measured is the way there and back.</summary>
    private const string Answerer = """
        import sys
        out = sys.stdout
        for line in sys.stdin:
            job = line[7:line.index(',')].strip()
            out.write('{"done":' + job + '}\n')
            out.flush()
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        var jobs = args.Length > 0 ? int.Parse(args[0]) : 50_000;
        Console.WriteLine($"{"stream, one at a time",-34} {await DrainAsync(jobs, 1),10:N0}/s");
        Console.WriteLine($"{"stream, prefetch 64",-34} {await DrainAsync(2 * jobs, 64),10:N0}/s");
        return 0;
    }

    private static async Task<double> DrainAsync(int jobs, int prefetch)
    {
        using var scratch = new Scratch();
        await using var store = await scratch.OpenAsync("stream.db");
        for (var left = jobs; left > 0; left -= 10_000)
        {
            await store.EnqueueAsync(Scratch.Jobs(Math.Min(left, 10_000)));
        }
        await using var warden = await Warden.StartAsync(new WardenOptions(), TimeProvider.System);
        var queue = new QueueDefinition { Name = "q", Timeout = TimeSpan.FromSeconds(30) };
        var setup = new PoolSetup { Host = warden, Ids = new WorkerIds(TimeProvider.System, static () => "1"), Time = TimeProvider.System, Logger = NullLogger.Instance };
        var pool = new StreamPool(setup, new PoolOptions { Run = ["python3", "-c", Answerer], Protocol = PoolProtocol.Stream, Prefetch = prefetch, MaxPerNode = 1 }, queue);
        var settings = new NodeSettings
        {
            Name = "bench",
            Slots = null,
            Queues = [new ServedQueue(queue, [Scratch.Kind])],
            Worker = pool,
            OwnWorkers = new Dictionary<string, IWorker> { ["q"] = pool },
            Prefetch = 2000,
            Time = TimeProvider.System,
            Random = new Random(1),
        };
        await using var node = new Node(store, settings, NullLoggerFactory.Instance);
        var clock = Stopwatch.StartNew();
        await node.StartAsync(default);
        await DrainedAsync(store);
        var rate = jobs / clock.Elapsed.TotalSeconds;
        await node.StopAsync(default);
        return rate;
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
