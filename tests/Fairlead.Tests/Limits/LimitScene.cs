using Fairlead.Engine;
using Fairlead.Limits;
using Fairlead.Simulation;
using Fairlead.Storage;
using Fairlead.Testing;

namespace Fairlead.Tests.Limits;

/// <summary>Some nodes on one in-memory store, each behind a way of its own that can fail, in virtual time; and every use of a permit.</summary>
internal sealed class LimitScene
{
    private readonly NamedLimit[] _limits;
    private readonly InMemoryJobStore _store;

    public LimitScene(Limit limit, int nodes = 1, int leaseAhead = 0)
    {
        _limits = [new("api", limit)];
        _store = new(Time);
        Nodes = [.. Enumerable.Range(0, nodes).Select(_ => new SceneNode(this, leaseAhead))];
        Time.Run(async () =>
        {
            foreach (var node in Nodes)
            {
                await node.JoinAsync(_limits);
            }
            Nodes.ForEach(node => node.Standing.Heard(nodes));
        });
    }

    public VirtualTime Time { get; } = new();

    public List<SceneNode> Nodes { get; }

    public SceneNode Node => Nodes[0];

    /// <summary>When permits were used, by all nodes, in order.</summary>
    public List<DateTimeOffset> Uses { get; } = [];

    public IJobStore Store => _store;

    /// <summary>The most uses in any window of that length.</summary>
    public int MostIn(TimeSpan window)
    {
        var uses = Uses.Order().ToList();
        var (most, first) = (0, 0);
        for (var i = 0; i < uses.Count; i++)
        {
            while (uses[i] - uses[first] >= window)
            {
                first++;
            }
            most = Math.Max(most, i - first + 1);
        }
        return most;
    }

    public int UsesBetween(DateTimeOffset from, DateTimeOffset to) => Uses.Count(at => at >= from && at < to);

    /// <summary>One node with its own way to the store.</summary>
    internal sealed class SceneNode
    {
        private readonly LimitScene _scene;

        public SceneNode(LimitScene scene, int leaseAhead)
        {
            _scene = scene;
            Way = new(scene._store, scene.Time);
            Counted = new(Way);
            Standing = new(scene.Time) { RunsWorkers = true };
            Client = new(Counted, Standing, scene._limits, leaseAhead);
        }

        public FaultyJobStore Way { get; }

        public CountingStore Counted { get; }

        public NodeStanding Standing { get; }

        public LimitClient Client { get; }

        public SharedRateLimiter Limiter => Client.For("api");

        public async Task JoinAsync(IReadOnlyList<NamedLimit> limits)
        {
            var lease = await Way.JoinAsync(new NodeRegistration { Name = "n", Queues = [], Limits = limits, Slots = 10 });
            Standing.Clock.Set(lease.Now, Standing.Clock.Ask());
            Standing.Joined(lease, TimeSpan.FromSeconds(8));
        }

        /// <summary>So many callers who use one permit after the other until the time is over.</summary>
        public Task[] Call(int callers, CancellationToken stop) => [.. Enumerable.Range(0, callers).Select(_ => _scene.Time.StartAsync(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var lease = await Limiter.AcquireAsync(1, stop).AsTask().ContinueWith(static t => t.IsCanceled ? null : t.Result, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Current);
                if (lease is not null)
                {
                    _scene.Uses.Add(_scene.Time.Now);
                }
            }
        }))];
    }
}

/// <summary>Counts what limits ask of a store.</summary>
internal sealed class CountingStore(IJobStore inner) : DelegatingJobStore(inner)
{
    public int Acquires { get; private set; }

    public int Releases { get; private set; }

    public int Reports { get; private set; }

    public List<LimitReport> Reported { get; } = [];

    public int Calls => Acquires + Releases + Reports;

    public override ValueTask<PermitAnswer> AcquireAsync(PermitRequest request, CancellationToken cancellationToken = default)
    {
        Acquires++;
        return base.AcquireAsync(request, cancellationToken);
    }

    public override ValueTask ReleaseAsync(IReadOnlyList<Permit> permits, CancellationToken cancellationToken = default)
    {
        Releases++;
        return base.ReleaseAsync(permits, cancellationToken);
    }

    public override ValueTask ReportAsync(IReadOnlyList<LimitReport> reports, CancellationToken cancellationToken = default)
    {
        Reports++;
        Reported.AddRange(reports);
        return base.ReportAsync(reports, cancellationToken);
    }
}
