using System.Globalization;
using Fairlead.Simulation;
using Fairlead.Storage;

namespace Fairlead.Testing.Simulation;

/// <summary>
/// A cluster of real nodes on one thread in virtual time: random work, crashes, freezes, lost answers, wrong clocks, and an auditor
/// that checks the guarantees after every step. One seed repeats one run exactly.
/// </summary>
internal sealed class ClusterSimulation
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(2);
    /// <summary>Longer than a lease and a sweep: the ids that nodes have lost are gone by then.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(15);
    private readonly int _seed;
    private readonly ClusterOptions _options;
    private readonly VirtualTime _time = new();
    private readonly Journal _journal;
    private readonly Auditor _auditor;
    private readonly Cluster _cluster;
    private readonly Producers _producers;
    private readonly Misfortune _misfortune;
    private bool _over;

    private ClusterSimulation(int seed, ClusterOptions options)
    {
        (_seed, _options) = (seed, options);
        var random = new Random(seed);
        var plans = new PlanBook();
        IJobStore store = new InMemoryJobStore(_time);
        store = options.StoreBug?.Invoke(store, _time) ?? store;
        _journal = new Journal(_time);
        _auditor = new Auditor(_time, store, _journal, plans);
        var clients = new Disturbances(_time, new Random(random.Next()));
        _cluster = new Cluster(_time, _auditor, plans, options, store, clients, new Random(random.Next()));
        var door = new FaultyJobStore(new AuditedStore(store, _auditor, null), _time, clients.Decide);
        _producers = new Producers(_time, door, plans, _auditor, new Random(random.Next()), options.Jobs);
        _misfortune = new Misfortune(_time, _cluster, _journal, new Random(random.Next()), options.Faults);
    }

    /// <summary>Runs one seed to its end.</summary>
    /// <returns>What was seen.</returns>
    public static SimulationResult Run(int seed, ClusterOptions? options = null) => new ClusterSimulation(seed, options ?? ClusterOptions.Default).Run();

    private SimulationResult Run()
    {
        var start = _time.Now;
        var main = _time.StartAsync(RunAsync);
        var watch = _time.StartAsync(WatchAsync);
        try
        {
            if (!_time.RunUntil(() => main.IsCompleted || _auditor.Failure is not null, Longest))
            {
                _auditor.Fail($"Nothing came to an end within {Longest}. Unfinished: {Unfinished()}");
            }
            if (main.IsFaulted)
            {
                _auditor.Fail(main.Exception.ToString());
            }
        }
#pragma warning disable CA1031 // whatever ends a run is its finding
        catch (Exception error)
#pragma warning restore CA1031
        {
            _auditor.Fail(error.ToString());
        }
        _ = watch;
        return new SimulationResult
        {
            Seed = _seed,
            Hash = _journal.Hash,
            Events = _journal.Count,
            Steps = _time.Steps,
            Checked = _auditor.Steps,
            Jobs = _auditor.Jobs.Count,
            Faults = _misfortune.Happened,
            Virtual = _time.Now - start,
            Failure = _auditor.Failure is null ? null : Describe(),
        };
    }

    private async Task RunAsync()
    {
        for (var i = 0; i < _options.Nodes; i++)
        {
            _cluster.StartOne(i % 3);
        }
        await Task.WhenAll(_producers.RunAsync(), _misfortune.RunAsync());
        while (!_auditor.AllEnded() || _auditor.AtWork > 0)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), _time);
        }
        await Task.Delay(Quiet, _time);
        _auditor.LookForWhatIsKept();
        await Task.WhenAll(_cluster.Nodes.Select(node => node.StopAsync(TimeSpan.FromSeconds(30))));
        _over = true;
        _auditor.LookAtTheEnd();
    }

    private async Task WatchAsync()
    {
        while (!_over)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), _time);
            _auditor.LookForWhatIsLate(_cluster.Nodes, _cluster.All);
        }
    }

    private string Unfinished() => string.Join(", ", _auditor.Jobs.Where(job => !job.Ended).Take(10).Select(job => $"{job.Id} ({job.Queue}) {job.Status}"));

    private string Describe() => string.Create(CultureInfo.InvariantCulture, $"""
        Seed {_seed}: {_auditor.Failure}
        At {(_time.Now - new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)).TotalSeconds:0.000} s. Run it alone with FAIRLEAD_SIMULATION_SEED={_seed}.
        What happened to the job:
        {(_auditor.FailedJob is { } job ? _journal.Tail(_options.Lines, job.Value) : "  (it is about no single job)")}
        What happened last:
        {_journal.Tail(_options.Lines)}
        """);
}
