using System.Text;
using Fairlead.Batches;
using Fairlead.Engine;
using Fairlead.Limits;
using Fairlead.Processes.Pools;
using Fairlead.Simulation;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Pools;

/// <summary>A node of pools on the in-memory store, in virtual time.</summary>
internal sealed class PoolScene
{
    private readonly NamedLimit[] _limits;
    private readonly NodeStanding _standing;
    private readonly LimitClient _client;
    private Node? _node;

    public PoolScene(params NamedLimit[] limits)
    {
        _limits = limits;
        World = new VirtualWorld(Time);
        Store = new InMemoryJobStore(Time);
        _standing = new NodeStanding(Time) { RunsWorkers = true };
        _client = new LimitClient(Store, _standing, limits, 0);
        Host = new VirtualHost(World, (queue, count) => Program(queue, count));
    }

    public VirtualTime Time { get; } = new();

    public VirtualWorld World { get; }

    public InMemoryJobStore Store { get; }

    public VirtualHost Host { get; }

    public RecordedEvents Log { get; } = new();

    /// <summary>What the n-th process of a queue is.</summary>
    public Func<string, int, VirtualProgram> Program { get; set; } = static (_, _) => VirtualProgram.Taking(1);

    public Node Node => _node!;

    public Dictionary<string, ProcessPool> Pools { get; } = [];

    public static QueueDefinition Queue(string name = "q", int? maxConcurrent = null, TimeSpan? timeout = null, int retries = 0) =>
        new() { Name = name, MaxConcurrent = maxConcurrent, Timeout = timeout ?? TimeSpan.FromMinutes(10), Retries = retries };

    public ProcessPool Pool(QueueDefinition queue, PoolOptions options)
    {
        var setup = new PoolSetup
        {
            Host = Host,
            Ids = new WorkerIds(Time, () => _node?.Id?.Value.ToString() ?? "0"),
            Time = Time,
            Logger = Log,
            Limits = _client,
            Keys = Store,
        };
        return Pools[queue.Name] = options.Protocol == PoolProtocol.Stream ? new StreamPool(setup, options, queue) : new JobPool(setup, options, queue);
    }

    public static PoolOptions Job { get; } = new() { Run = ["program"] };

    public static PoolOptions Stream { get; } = new() { Run = ["program"], Protocol = PoolProtocol.Stream };

    public NodeSettings Settings(params (QueueDefinition Queue, ProcessPool Pool)[] queues) => new()
    {
        Name = "node",
        Slots = null,
        Queues = [.. queues.Select(static each => new ServedQueue(each.Queue, [new JobKind(each.Queue.Name)]))],
        OwnWorkers = queues.ToDictionary(static each => each.Queue.Name, static IWorker (each) => each.Pool),
        Worker = new NoWorker(),
        Limits = _limits,
        Standing = _standing,
        Time = Time,
        Random = new Random(1),
        Loops = Time.Scheduler,
        Work = Time.Scheduler,
    };

    /// <summary>Starts the node with these queues.</summary>
    public void Start(params (QueueDefinition Queue, PoolOptions Options)[] queues)
    {
        var settings = Settings([.. queues.Select(each => (each.Queue, Pool(each.Queue, each.Options)))]);
        _node = new Node(Store, settings, new OneLogger(Log));
        Time.Run(() => _node.StartAsync(default));
    }

    public void Serve(params (QueueDefinition Queue, ProcessPool Pool)[] queues) => Time.Run(() => Node.ServeAsync(Settings(queues), default));

    public IReadOnlyList<JobId> Enqueue(int count, string queue = "q", string payload = "1", TimeSpan? timeout = null, int? retries = null) => Time.Run(async () =>
    {
        var jobs = Enumerable.Range(0, count).Select(_ => new NewJob { Queue = queue, Kind = new JobKind(queue), Payload = Encoding.UTF8.GetBytes(payload), Timeout = timeout, Retries = retries });
        return (IReadOnlyList<JobId>)[.. (await Store.EnqueueAsync([.. jobs])).Select(static job => job.Id)];
    });

    public Job JobOf(JobId id) => Time.Run(async () => (await Store.GetJobAsync(id))!);

    public IReadOnlyList<JobAttempt> AttemptsOf(JobId id) => Time.Run(async () => (await Store.GetTimelinesAsync(id))[0].Attempts);

    public StateTally Tally(string queue = "q") => Time.Run(async () => (await Store.ListQueuesAsync()).First(each => each.Name == queue).Jobs);

    /// <summary>Until every job of every queue has ended.</summary>
    public void RunUntilEnded(TimeSpan? limit = null)
    {
        var most = limit ?? TimeSpan.FromHours(1);
        Time.RunUntil(HasEnded, most).ShouldBeTrue($"all ended within {most}; {string.Join("; ", Time.Run(async () => await Store.ListQueuesAsync()).Select(static queue => $"{queue.Name}: {queue.Jobs}"))}");
        World.Violations.ShouldBeEmpty();
    }

    public PoolReport Report(string queue = "q") => Pools[queue].Report();

    /// <summary>The books come out even: all that the pool may hold is free again.</summary>
    public void ShouldBeEven(string queue = "q", int? slots = null)
    {
        var pool = Pools[queue];
        Time.RunUntil(() => pool.Capacity == (slots ?? pool.Slots), TimeSpan.FromMinutes(3)).ShouldBeTrue($"capacity {pool.Capacity} of {slots ?? pool.Slots} is free again");
        pool.Report().Workers.ShouldAllBe(static worker => worker.Job == null);
    }

    private bool HasEnded() => Store.ListQueuesAsync().Result.All(static queue => queue.Jobs.Ended == queue.Jobs.Total);

    private sealed class NoWorker : IWorker
    {
        public bool EndsWork => false;

        public Task<WorkResult> RunAsync(Attempt attempt, CancellationToken cancellationToken) => throw new InvalidOperationException("No job is for this one.");
    }

    private sealed class OneLogger(ILogger logger) : ILoggerFactory
    {
        public void AddProvider(ILoggerProvider provider) { }

        public ILogger CreateLogger(string categoryName) => logger;

        public void Dispose() { }
    }
}

/// <summary>What a node has logged.</summary>
internal sealed class RecordedEvents : ILogger
{
    public List<(LogLevel Level, string Text, Exception? Error)> Lines { get; } = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Add((logLevel, formatter(state, exception), exception));
}
