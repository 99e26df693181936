using Fairlead.Cli.Bodies;
using Fairlead.Engine;
using Fairlead.Sqlite;
using Fairlead.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Cli.Benchmarks;

/// <summary>Measures the engine on a temporary SQLite file, and bare SQLite beside it, with every commit flushed to the disk.</summary>
internal static class SelfMeasurement
{
    private const string Queue = "bench";
    private const int PerCall = 500;
    private static readonly JobKind Kind = new("bench.noop");
    private static readonly byte[] Payload = "{\"n\":1}"u8.ToArray();

    public static async Task<IReadOnlyList<MeasureBody>> RunAsync(string parent, int jobs, CommandContext context)
    {
        var folder = Directory.CreateDirectory(Path.Combine(parent, $"fairlead-bench-{Environment.ProcessId}")).FullName;
        try
        {
            context.Output.Message($"Measuring {jobs:N0} jobs in {folder}, every commit flushed to the disk.");
            var floor = BareSqlite.Measure(Path.Combine(folder, "bare.db"), jobs, PerCall, Payload, context.Time);
            await using var store = new SqliteJobStore(Path.Combine(folder, "fairlead.db"), context.Time);
            await store.OpenAsync(context.Cancelled);
            var enqueued = await EnqueueAsync(store, jobs, context);
            var ran = await RunAsync(store, jobs, context);
            return
            [
                Measure($"enqueued, {PerCall} a call", enqueued, floor.Inserts),
                Measure("no-op jobs run from a backlog", ran, floor.Moves),
            ];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static MeasureBody Measure(string name, double perSecond, double floor) => new(name, Math.Round(perSecond), Math.Round(floor), Math.Round(perSecond / floor, 3));

    private static async Task<double> EnqueueAsync(IJobStore store, int jobs, CommandContext context)
    {
        var call = Enumerable.Repeat(new NewJob { Queue = Queue, Kind = Kind, Payload = Payload }, PerCall).ToArray();
        var began = context.Time.GetTimestamp();
        for (var done = 0; done < jobs; done += PerCall)
        {
            await store.EnqueueAsync(call, context.Cancelled);
        }
        return jobs / context.Time.GetElapsedTime(began).TotalSeconds;
    }

    private static async Task<double> RunAsync(IJobStore store, int jobs, CommandContext context)
    {
        var worker = new CountingWorker(jobs);
        await using var node = new Node(store, Settings(worker, context.Time), NullLoggerFactory.Instance);
        var began = context.Time.GetTimestamp();
        await node.StartAsync(context.Cancelled);
        await worker.AllRun.WaitAsync(context.Cancelled);
        await node.StopAsync(CancellationToken.None);
        return jobs / context.Time.GetElapsedTime(began).TotalSeconds;
    }

    private static NodeSettings Settings(IWorker worker, TimeProvider time) => new()
    {
        Name = "bench",
        Slots = 64,
        Queues = [new ServedQueue(new QueueDefinition { Name = Queue }, [Kind])],
        Worker = worker,
        Prefetch = new FairleadOptions().Prefetch,
        Time = time,
        Random = new Random(1),
    };

    /// <summary>Does nothing, and knows when it has done it often enough.</summary>
    private sealed class CountingWorker(int jobs) : IWorker
    {
        private static readonly Task<WorkResult> Done = Task.FromResult<WorkResult>(new WorkResult.Completed(default));
        private readonly TaskCompletionSource _allRun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _ran;

        public Task AllRun => _allRun.Task;

        public bool EndsWork => false;

        public Task<WorkResult> RunAsync(Attempt attempt, CancellationToken cancellationToken)
        {
            if (Interlocked.Increment(ref _ran) >= jobs)
            {
                _allRun.TrySetResult();
            }
            return Done;
        }
    }
}
