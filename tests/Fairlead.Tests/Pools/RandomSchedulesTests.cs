using System.Globalization;
using Fairlead.Diagnostics;
using Fairlead.Engine;
using Fairlead.Processes.Pools;
using Fairlead.Simulation;
using Fairlead.Storage;
using Fairlead.Testing;
using Fairlead.Testing.Simulation;
using Microsoft.Extensions.Logging;

namespace Fairlead.Tests.Pools;

/// <summary>Random pools, jobs, misbehaviour and faults, two nodes at a time: whatever happens, the books come out even.</summary>
public sealed class RandomSchedulesTests(ITestOutputHelper output)
{
    private const int Seeds = 1000;

    /// <summary>Set it to run one seed alone, or <c>from-to</c>.</summary>
    private const string Variable = "FAIRLEAD_SIMULATION_SEED";

    [Fact]
    public void Whatever_happens_every_job_ends_once_and_every_place_is_free_again()
    {
        var (first, last) = Asked();
        var (runs, faults) = (0, 0);
        for (var seed = first; seed <= last; seed++)
        {
            var schedule = new RandomSchedule(seed);
            var failure = schedule.Run();
            Assert.True(failure is null, $"Seed {seed} ({Variable}={seed} repeats it): {failure}");
            (runs, faults) = (runs + schedule.Runs, faults + schedule.Faults);
        }
        runs.ShouldBeGreaterThan((last - first + 1) * 20);
        output.WriteLine($"{last - first + 1} seeds, {runs:N0} runs of jobs, {faults:N0} faults");
    }

    private static (int First, int Last) Asked()
    {
        var asked = Environment.GetEnvironmentVariable(Variable)?.Split('-');
        return asked is null ? (1, Seeds)
            : (int.Parse(asked[0], CultureInfo.InvariantCulture), int.Parse(asked[^1], CultureInfo.InvariantCulture));
    }
}

/// <summary>One seed.</summary>
internal sealed class RandomSchedule
{
    private static readonly TimeSpan Disturbed = TimeSpan.FromMinutes(2);
    private readonly Random _random;
    private readonly VirtualTime _time = new();
    private readonly VirtualWorld _world;
    private readonly InMemoryJobStore _store;
    private readonly QueueDefinition[] _queues;
    private readonly PoolOptions[] _options;
    private readonly List<RandomNode> _nodes = [];
    private readonly Dictionary<JobId, string> _jobs = [];
    private bool _calm;

    public RandomSchedule(int seed)
    {
        _random = new Random(seed);
        _world = new VirtualWorld(_time);
        _store = new InMemoryJobStore(_time);
        _queues = [.. Enumerable.Range(0, 2).Select(i => new QueueDefinition
        {
            Name = $"q{i}",
            MaxConcurrent = _random.Next(1, 7),
            Timeout = TimeSpan.FromSeconds(_random.Next(3, 15)),
            KillAfter = TimeSpan.FromSeconds(_random.Next(0, 4)),
            Retries = _random.Next(0, 4),
            BackoffMax = TimeSpan.FromSeconds(10),
        })];
        _options = [.. _queues.Select(_ => Options())];
    }

    public int Runs => _world.Runs.Count;

    public int Faults { get; private set; }

    public string? Run()
    {
        try
        {
            return RunThrough();
        }
        catch (InvalidOperationException roundAndRound)
        {
            return roundAndRound.Message;
        }
    }

    private string? RunThrough()
    {
        for (var i = 0; i < 2; i++)
        {
            AddNode();
        }
        var until = _time.Now + Disturbed;
        while (_time.Now < until)
        {
            Disturb();
            _time.RunFor(TimeSpan.FromMilliseconds(_random.Next(1, 3000)));
            if (Wrong() is { } wrong)
            {
                return wrong;
            }
        }
        _calm = true;
        _nodes.ForEach(static node => node.Way.Plan = null);
        while (_nodes.Count == 0)
        {
            AddNode();
        }
        if (!_time.RunUntil(AllEnded, TimeSpan.FromMinutes(30)))
        {
            return $"not all ended: {string.Join("; ", _store.ListQueuesAsync().Result.Select(static queue => $"{queue.Name} {queue.Jobs}"))}; {string.Join("; ", _nodes.SelectMany(static node => node.Pools).Select(static pool => $"{pool.Report().Queue} capacity {pool.Capacity}/{pool.Slots}"))}";
        }
        return Wrong() ?? Uneven() ?? Unended();
    }

    private PoolOptions Options()
    {
        var isStream = _random.Next(2) == 0;
        return new PoolOptions
        {
            Run = ["program"],
            Protocol = isStream ? PoolProtocol.Stream : PoolProtocol.Job,
            Prefetch = isStream ? _random.Next(1, 5) : 1,
            MaxPerNode = _random.Next(3) == 0 ? _random.Next(1, 4) : null,
            MaxJobs = isStream && _random.Next(3) == 0 ? _random.Next(1, 6) : null,
            MaxRuntime = _random.Next(3) == 0 ? TimeSpan.FromSeconds(_random.Next(2, 20)) : null,
            MaxMemory = _random.Next(3) == 0 ? 100 << 20 : null,
            Cooldown = _random.Next(3) == 0 ? TimeSpan.FromSeconds(_random.Next(1, 4)) : TimeSpan.Zero,
            IdleTimeout = TimeSpan.FromSeconds(_random.Next(1, 20)),
            Spares = isStream && _random.Next(3) == 0 ? _random.Next(1, 3) : 0,
        };
    }

    private VirtualProgram Program(string queue, int count)
    {
        if (_calm)
        {
            return VirtualProgram.Taking(0.1);
        }
        var luck = _random.Next(20);
        return new VirtualProgram
        {
            Start = TimeSpan.FromMilliseconds(_random.Next(1, 300)),
            NeverStarts = luck == 0 ? "no" : null,
            DiesAfter = luck == 1 ? TimeSpan.FromMilliseconds(_random.Next(1, 5000)) : null,
            DiesWith = _random.Next(3) - 1 is 0 and var zero ? zero : -9,
            Memory = luck == 2 ? static age => (long)(age.TotalSeconds * (40 << 20)) : static _ => 1 << 20,
            OnTerm = _random.Next(4) == 0 ? null : TimeSpan.FromMilliseconds(_random.Next(1, 1500)),
            OnInputEnd = _random.Next(6) == 0 ? null : TimeSpan.FromMilliseconds(_random.Next(1, 500)),
            HearsCancel = _random.Next(2) == 0,
            Work = WorkAsync,
        };
    }

    private async Task WorkAsync(VirtualTask task)
    {
        if (_calm)
        {
            await task.Delay(TimeSpan.FromMilliseconds(50));
            return;
        }
        await task.Delay(TimeSpan.FromMilliseconds(_random.Next(4) == 0 ? _random.Next(0, 20) : _random.Next(0, 4000)));
        switch (_random.Next(24))
        {
            case 0:
                await VirtualTask.Forever();
                break;
            case 1:
                task.Process.Die(_random.Next(2) == 0 ? -9 : 0);
                break;
            case 2:
                task.Answer($$"""{"failed":{{task.Job}},"error":"planned"}""");
                task.ExitCode = 1;
                break;
            case 3:
                task.Answer($$"""{"defer":{{task.Job}},"seconds":1}""");
                task.ExitCode = 75;
                break;
            case 4:
                task.Say($$"""{"done":{{task.Job + 1000}}}""");
                task.Say("rubbish {");
                break;
            case 5:
                task.Answer($$"""{"done":{{task.Job}}}""");
                task.Say($$"""{"done":{{task.Job}}}""");
                break;
            case 6:
                task.Process.CloseOutput();
                break;
        }
    }

    private void Disturb()
    {
        Faults++;
        switch (_random.Next(12))
        {
            case 0 or 1 or 2 or 3:
                Enqueue();
                break;
            case 4 when _jobs.Count > 0:
                var job = _jobs.Keys.ElementAt(_random.Next(_jobs.Count));
                _time.Run(async () => await _store.CancelAsync(job));
                break;
            case 5:
                var most = _random.Next(1, 7);
                var queue = _queues[_random.Next(2)].Name;
                _time.Run(async () => await _store.ChangeQueueAsync(queue, new QueueChange { MaxConcurrent = most }));
                break;
            case 6 when _world.Living.Any():
                _world.Living.ElementAt(_random.Next(_world.Living.Count())).Die(-9);
                break;
            case 7 when _nodes.Count > 0:
                var workers = _nodes.SelectMany(static node => node.Pools).SelectMany(static pool => pool.Report().Workers).ToList();
                if (workers.Count > 0)
                {
                    var worker = workers[_random.Next(workers.Count)].Id;
                    _time.Run(async () => await _store.EndWorkersAsync(worker));
                }
                break;
            case 8 when _nodes.Count > 0:
                _nodes[_random.Next(_nodes.Count)].Way.Next(_random.Next(2) == 0 ? Fault.Fail : Fault.LoseAnswer, _random.Next(2) == 0 ? "Claim" : "Apply");
                break;
            case 9 when _nodes.Count > 0:
                Reload(_nodes[_random.Next(_nodes.Count)]);
                break;
            case 10 when _nodes.Count > 1 && _random.Next(3) == 0:
                var dead = _nodes[_random.Next(_nodes.Count)];
                _nodes.Remove(dead);
                dead.Crash();
                AddNode();
                break;
            case 11 when _nodes.Count > 1 && _random.Next(3) == 0:
                var leaving = _nodes[_random.Next(_nodes.Count)];
                _nodes.Remove(leaving);
                _ = _time.StartAsync(leaving.StopAsync);
                AddNode();
                break;
        }
    }

    private void Enqueue()
    {
        var queue = _queues[_random.Next(2)].Name;
        var jobs = Enumerable.Range(0, _random.Next(1, 15)).Select(_ => new NewJob { Queue = queue, Kind = new JobKind(queue), Payload = "1"u8.ToArray() }).ToArray();
        foreach (var job in _time.Run(async () => await _store.EnqueueAsync(jobs)))
        {
            _jobs[job.Id] = queue;
        }
    }

    private void AddNode()
    {
        var node = new RandomNode(_time, _world, _store, Program, _random.Next());
        _nodes.Add(node);
        node.Start(_queues, _options);
    }

    private void Reload(RandomNode node) => _time.Run(() => node.ReloadAsync(_queues, _options, _random.Next(2)));

    private string? Wrong()
    {
        if (_world.Violations.Count > 0)
        {
            return _world.Violations[0];
        }
        foreach (var pool in _nodes.SelectMany(static node => node.Pools))
        {
            if (pool.Report() is var report && report.Workers.Count > Math.Max(report.Most, 6 + 2))
            {
                return $"{report.Queue} has {report.Workers.Count} processes of {report.Most}";
            }
        }
        var errors = _nodes.SelectMany(static node => node.Log.Lines).FirstOrDefault(static line => line.Error is not null and not StoreUnavailableException);
        return errors.Error is null ? null : $"{errors.Text}: {errors.Error}";
    }

    private bool AllEnded() => _store.ListQueuesAsync().Result.All(static queue => queue.Jobs.Ended == queue.Jobs.Total);

    /// <summary>Nothing is left in any hand, and after the idle time every place is free.</summary>
    private string? Uneven()
    {
        foreach (var pool in _nodes.SelectMany(static node => node.Pools))
        {
            if (!_time.RunUntil(() => IsFull(pool) && pool.Report().Workers.All(static worker => worker.Job is null), TimeSpan.FromMinutes(3)))
            {
                return $"{pool.Report().Queue}: capacity {pool.Capacity} of {pool.Slots}, {string.Join(", ", pool.Report().Workers.Select(worker => $"{worker.State}, {worker.Jobs} jobs, since {worker.StartedAt:T}"))} at {_time.Now:T}; {_options[Array.FindIndex(_queues, queue => queue.Name == pool.Report().Queue)]}";
            }
        }
        return _time.RunUntil(() => _nodes.TrueForAll(static node => node.Engine.InHand == 0), TimeSpan.FromSeconds(10))
            ? null
            : $"a node still holds {string.Join(", ", _nodes.Select(static node => node.Engine.InHand))}";
    }

    /// <summary>It may hold all that it may ever; with max_jobs, what its idle processes may still be given.</summary>
    private bool IsFull(ProcessPool pool)
    {
        var options = _options[Array.FindIndex(_queues, queue => queue.Name == pool.Report().Queue)];
        // Spares that grow old leave places that cool; processes near max_jobs hold less than others.
        var renews = options is { Spares: > 0, MaxRuntime: not null };
        var least = options.MaxJobs is not null || renews ? pool.Slots / options.Prefetch - (renews ? 2 * options.Spares : 0) : pool.Slots;
        return pool.Capacity >= least && pool.Capacity <= pool.Slots;
    }

    private string? Unended()
    {
        foreach (var (job, _) in _jobs)
        {
            var attempts = _store.GetTimelinesAsync(job).Result[0].Attempts;
            if (attempts.Count(static attempt => attempt.Outcome == AttemptOutcome.Completed) > 1 || attempts.Any(static attempt => attempt.Outcome is null))
            {
                return $"job {job} has ended more than once, or not: {string.Join(", ", attempts.Select(static attempt => attempt.Outcome))}";
            }
        }
        return null;
    }
}

/// <summary>One node of a random schedule.</summary>
internal sealed class RandomNode(VirtualTime time, VirtualWorld world, IJobStore store, Func<string, int, VirtualProgram> program, int seed)
{
    private readonly NodeScheduler _scheduler = new(time.Scheduler);
    private readonly VirtualHost _host = new(world, program);
    private Node? _engine;

    public FaultyJobStore Way { get; } = new(store, time);

    public RecordedEvents Log { get; } = new();

    public List<ProcessPool> Pools { get; private set; } = [];

    public Node Engine => _engine!;

    public void Start(QueueDefinition[] queues, PoolOptions[] options)
    {
        Pools = [.. queues.Select((queue, i) => Pool(queue, options[i]))];
        _engine = new Node(Way, Settings(queues), new Loggers(Log));
        time.Run(() => _engine.StartAsync(default));
    }

    /// <summary>One pool is replaced, the other stays.</summary>
    public async Task ReloadAsync(QueueDefinition[] queues, PoolOptions[] options, int replaced)
    {
        var before = Pools;
        Pools = [.. Pools.Select((pool, i) => i == replaced ? Pool(queues[i], options[i]) : pool)];
        try
        {
            await Engine.ServeAsync(Settings(queues), default);
        }
        catch (StoreUnavailableException)
        {
            Pools = before;
        }
    }

    public void Crash()
    {
        _scheduler.Crash();
        Engine.Crash();
        _host.Crash();
    }

    public async Task StopAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5), time);
        await Engine.StopAsync(limit.Token);
        _host.Crash();
    }

    private ProcessPool Pool(QueueDefinition queue, PoolOptions options)
    {
        var setup = new PoolSetup { Host = _host, Ids = new WorkerIds(time, () => _engine?.Id?.Value.ToString(CultureInfo.InvariantCulture) ?? "0"), Time = time, Logger = Log };
        return options.Protocol == PoolProtocol.Stream ? new StreamPool(setup, options, queue) : new JobPool(setup, options, queue);
    }

    private NodeSettings Settings(QueueDefinition[] queues) => new()
    {
        Name = "node",
        Slots = null,
        Queues = [.. queues.Select(static queue => new ServedQueue(queue, [new JobKind(queue.Name)]))],
        OwnWorkers = queues.Select((queue, i) => (queue.Name, Pool: Pools[i])).ToDictionary(static each => each.Name, static IWorker (each) => each.Pool),
        Worker = Pools[0],
        Prefetch = seed % 3 == 0 ? 8 : 0,
        Time = time,
        Random = new Random(seed),
        Loops = _scheduler,
        Work = _scheduler,
    };

    private sealed class Loggers(ILogger logger) : ILoggerFactory
    {
        public void AddProvider(ILoggerProvider provider) { }

        public ILogger CreateLogger(string categoryName) => logger;

        public void Dispose() { }
    }
}
