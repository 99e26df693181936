using System.Security.Cryptography;
using Fairlead.Cli.Configuration;
using Fairlead.Engine;
using Fairlead.Limits;
using Fairlead.Processes;
using Fairlead.Processes.Pools;
using Fairlead.Schedules;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cli.Serving;

/// <summary>The node that a configuration describes: its queues, each with its pool of processes; made anew from a changed file while it runs.</summary>
internal sealed class ServedNode : IAsyncDisposable
{
    private const int ClaimedAhead = 2000;
    private readonly ServeOptions _options;
    private readonly TimeProvider _time;
    private readonly NodeStanding _standing;
    private readonly LimitClient _limits;
    private readonly PoolSetup _setup;
    private readonly ServedSchedules _schedules;
    private readonly IJobStore _store;
    private readonly Node _node;
    private readonly Dictionary<string, (QueueConfiguration Queue, ProcessPool Pool)> _pools = new(StringComparer.Ordinal);
    private ServerConfiguration _configuration;

    public ServedNode(IJobStore store, Warden warden, ServerConfiguration configuration, ServeOptions options, IAlerts? alerts, TimeProvider time, ILoggerFactory loggers)
    {
        (_store, _options, _time, _configuration) = (store, options, time, configuration);
        _standing = new NodeStanding(time) { RunsWorkers = true };
        _limits = new LimitClient(store, _standing, configuration.Limits, leaseAhead: 0);
        _setup = new PoolSetup
        {
            Host = warden,
            Ids = new WorkerIds(time, () => _standing.Node?.ToString() ?? "0"),
            Time = time,
            Logger = loggers.CreateLogger("Fairlead"),
            Limits = _limits,
            Keys = store,
            QueueOf = name => _configuration.Queue(name)?.Definition ?? new QueueDefinition { Name = name },
            Alerts = alerts,
        };
        _schedules = new ServedSchedules(warden, time);
        _node = new Node(store, Settings(configuration, keep: []), loggers);
    }

    /// <summary>Which schedules it serves, in the file's order.</summary>
    public IEnumerable<string> Schedules => _schedules.Of(_configuration, _options.Queues).Select(static schedule => schedule.Definition.Name);

    /// <summary>Which queues it serves, in the file's order.</summary>
    public IEnumerable<string> Queues => Served(_configuration).Select(static queue => queue.Name);

    public Task StartAsync(CancellationToken cancellationToken) => _node.StartAsync(cancellationToken);

    /// <summary>Serves what the changed file says, all of it or nothing.</summary>
    /// <exception cref="StoreMismatchException">Another live node holds another definition; nothing was changed.</exception>
    public async Task ReloadAsync(ServerConfiguration configuration, CancellationToken cancellationToken)
    {
        var before = _pools.ToDictionary();
        try
        {
            await _node.ServeAsync(Settings(configuration, before), cancellationToken);
            _configuration = configuration;
        }
        catch
        {
            _pools.Clear();
            foreach (var (queue, pool) in before)
            {
                _pools.Add(queue, pool);
            }
            throw;
        }
    }

    /// <inheritdoc cref="Node.StopAsync" />
    public Task StopAsync(CancellationToken drained) => _node.StopAsync(drained);

    public async ValueTask DisposeAsync()
    {
        await _limits.DisposeAsync();
        await _node.DisposeAsync();
    }

    private IEnumerable<QueueConfiguration> Served(ServerConfiguration configuration) =>
        configuration.Queues.Where(queue => queue.Pool is not null && _options.Queues?.Contains(queue.Name) != false);

    private NodeSettings Settings(ServerConfiguration configuration, Dictionary<string, (QueueConfiguration Queue, ProcessPool Pool)> keep)
    {
        _pools.Clear();
        foreach (var queue in Served(configuration))
        {
            var kept = keep.TryGetValue(queue.Name, out var before) && QueueConfiguration.SamePool(before.Queue.Pool, queue.Pool);
            _pools.Add(queue.Name, (queue, kept ? before.Pool : PoolOf(queue)));
        }
        var settings = new NodeSettings
        {
            Name = _options.NodeName,
            Slots = _options.Concurrency,
            Queues = [.. configuration.Queues.Select(Offered)],
            Limits = configuration.Limits,
            Standing = _standing,
            Alerts = _setup.Alerts,
            Worker = new UnservedWorker(),
            OwnWorkers = _pools.ToDictionary(static pool => pool.Key, static pool => (IWorker)pool.Value.Pool),
            Prefetch = ClaimedAhead,
            Retention = new Retention(configuration.Retention.Completed, configuration.Retention.Failed),
            Time = _time,
            Random = new Random(RandomNumberGenerator.GetInt32(int.MaxValue)),
        };
        return CycleQueues.AddTo(settings, _schedules.Of(configuration, _options.Queues), _store, _setup.Logger);
    }

    /// <summary>A queue without a program here is declared all the same: others enqueue into it by its policies, and others may serve it.</summary>
    private ServedQueue Offered(QueueConfiguration queue) => new(queue.Definition, _pools.ContainsKey(queue.Name) ? [new JobKind(queue.Name)] : []);

    private ProcessPool PoolOf(QueueConfiguration queue) => queue.Pool!.Protocol == PoolProtocol.Job
        ? new JobPool(_setup, queue.Pool, queue.Definition)
        : new StreamPool(_setup, queue.Pool, queue.Definition);
}
