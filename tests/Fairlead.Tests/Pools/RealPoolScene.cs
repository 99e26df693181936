using System.Text;
using Fairlead.Batches;
using Fairlead.Engine;
using Fairlead.Processes;
using Fairlead.Processes.Pools;
using Fairlead.Storage;
using Fairlead.Tests.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Pools;

/// <summary>A node with one pool of real processes.</summary>
internal sealed class RealPoolScene : IAsyncDisposable
{
    private readonly Warden _warden;
    private readonly Node _node;
    private readonly Wakeup _bell = new(TimeProvider.System);
    private readonly IDisposable _listening;

    private RealPoolScene(Warden warden, QueueDefinition queue, PoolOptions options)
    {
        _warden = warden;
        var setup = new PoolSetup { Host = warden, Ids = new WorkerIds(TimeProvider.System, static () => "1"), Time = TimeProvider.System, Logger = NullLogger.Instance };
        Pool = options.Protocol == PoolProtocol.Stream ? new StreamPool(setup, options, queue) : new JobPool(setup, options, queue);
        _listening = Store.Listen(_ => _bell.Ring());
        _node = new Node(Store, new NodeSettings
        {
            Name = "real",
            Slots = null,
            Queues = [new ServedQueue(queue, [new JobKind("q")])],
            Worker = Pool,
            OwnWorkers = new Dictionary<string, IWorker> { ["q"] = Pool },
            Time = TimeProvider.System,
            Random = new Random(1),
        }, NullLoggerFactory.Instance);
    }

    public InMemoryJobStore Store { get; } = new(TimeProvider.System);

    public ProcessPool Pool { get; }

    public static async Task<RealPoolScene> StartAsync(PoolOptions options, QueueDefinition? queue = null)
    {
        var scene = new RealPoolScene(await WardenHarness.StartAsync(), queue ?? Queue(), options);
        await scene._node.StartAsync(default);
        return scene;
    }

    public static QueueDefinition Queue(double timeout = 30, int retries = 1, int most = 1, double killAfter = 1) => new()
    {
        Name = "q",
        MaxConcurrent = most,
        Timeout = TimeSpan.FromSeconds(timeout),
        KillAfter = TimeSpan.FromSeconds(killAfter),
        Retries = retries,
        BackoffFirst = TimeSpan.FromMilliseconds(10),
        BackoffMax = TimeSpan.FromMilliseconds(20),
    };

    public static PoolOptions Python(string program) => new() { Run = ["python3", "-u", "-c", program], Protocol = PoolProtocol.Stream };

    public static PoolOptions Shell(string script) => new() { Run = ["sh", "-c", script] };

    public async Task<JobId> EnqueueAsync(string payload = "1") =>
        (await Store.EnqueueAsync([new NewJob { Queue = "q", Kind = new JobKind("q"), Payload = Encoding.UTF8.GetBytes(payload) }]))[0].Id;

    public async Task<Job> EndOfAsync(JobId job)
    {
        for (var began = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(40);)
        {
            if ((await Store.GetJobAsync(job))! is { EndedAt: not null } ended)
            {
                return ended;
            }
            await _bell.WaitAsync(TimeSpan.FromMilliseconds(50), default);
        }
        throw new TimeoutException($"Job {job} has not ended: {await Store.GetJobAsync(job)}; last error of its pool: {Pool.Report().LastError}");
    }

    public async Task<JobAttempt> FirstAttemptAsync(JobId job) => (await Store.GetTimelinesAsync(job))[0].Attempts[0];

    public async Task<IReadOnlyList<string>> LogAsync(JobId job) => [.. (await Store.ReadLogAsync(job)).Lines.Select(static line => line.Message)];

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1), TimeProvider.System);
        await _node.StopAsync(limit.Token);
        _listening.Dispose();
        await _node.DisposeAsync();
        await _warden.DisposeAsync();
        await Store.DisposeAsync();
    }
}
