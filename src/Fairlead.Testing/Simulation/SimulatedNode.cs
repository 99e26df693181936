using Fairlead.Engine;
using Fairlead.Simulation;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Testing.Simulation;

/// <summary>One node of the simulated cluster: the real engine, its own wrong clock, its own way to the store, its own way to die.</summary>
internal sealed class SimulatedNode
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(100);
    private readonly VirtualTime _time;
    private readonly NodeScheduler _scheduler;
    private readonly Disturbances _disturbances;
    private readonly Auditor _auditor;
    private DateTimeOffset _heardAgain;
    private DateTimeOffset _stopAsked = DateTimeOffset.MaxValue;
    private DateTimeOffset _thawed;

    public SimulatedNode(string name, int role, VirtualTime time, Auditor auditor, PlanBook plans, ClusterOptions options, IJobStore shared, Random random)
    {
        (Name, Role, _time, _auditor) = (name, role, time, auditor);
        _scheduler = new NodeScheduler(time.Scheduler);
        _disturbances = new Disturbances(time, new Random(random.Next()));
        Clock = new SkewedTime(time) { Skew = TimeSpan.FromSeconds(random.Next(-240, 241)) };
        IJobStore way = new AuditedStore(shared, auditor, this);
        way = Door = new FaultyJobStore(way, time, _disturbances.Decide);
        way = options.NodeBug?.Invoke(way, time) ?? way;
        Slots = random.Next(2, 7);
        Engine = new Node(way, Settings(role, auditor, plans, options, random), new EngineErrors(auditor));
    }

    public string Name { get; }

    public int Role { get; }

    public int Slots { get; }

    public Node Engine { get; }

    public SkewedTime Clock { get; }

    /// <summary>When it last may have missed a signal.</summary>
    public DateTimeOffset LastDeaf => Door.Deaf ? _time.Now : _heardAgain;

    /// <summary>Its way to the store.</summary>
    public FaultyJobStore Door { get; }

    public Disturbances Disturbances => _disturbances;

    /// <summary>True from the end of its start until it is asked to stop or dies.</summary>
    public bool IsUp { get; private set; }

    public bool HasCrashed { get; private set; }

    public bool HasStopped { get; private set; }

    /// <summary>It was told to stop, and had a moment to hear it.</summary>
    public bool KnowsToStop => !IsFrozen && _time.Now - _stopAsked > Moment && _time.Now - _thawed > Moment;

    public bool IsFrozen { get; private set; }

    public DateTimeOffset UpSince { get; private set; }

    /// <summary>When it was last seen with every slot taken.</summary>
    public DateTimeOffset LastFull { get; private set; }

    public void NoteRoom(int held)
    {
        if (held >= Slots || Engine.InHand >= Slots)
        {
            LastFull = _time.Now;
        }
    }

    /// <summary>It has been up and left in peace for that long.</summary>
    public bool IsWellFor(TimeSpan time) => IsUp && IsInPeaceFor(time);

    /// <summary>The same, while it stops too.</summary>
    public bool IsInPeaceFor(TimeSpan time) =>
        !HasCrashed && !HasStopped && !IsFrozen && _time.Now - UpSince >= time && _time.Now - _disturbances.Last >= time;

    public async Task StartAsync()
    {
        while (!HasCrashed)
        {
            try
            {
                await Engine.StartAsync(CancellationToken.None);
                (IsUp, UpSince) = (true, _time.Now);
                return;
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), _time);
            }
        }
    }

    public async Task StopAsync(TimeSpan drain)
    {
        IsUp = false;
        _stopAsked = _time.Now;
        using var limit = new CancellationTokenSource(drain, _time);
        await Engine.StopAsync(limit.Token);
        HasStopped = true;
        _auditor.NodeStopped(this);
    }

    public void Crash()
    {
        (IsUp, HasCrashed) = (false, true);
        _scheduler.Crash();
        Engine.Crash();
        _auditor.NodeCrashed(this);
    }

    public void Deafen() => Door.Deaf = true;

    public void HearAgain() => (Door.Deaf, _heardAgain) = (false, _time.Now);

    public void Freeze()
    {
        IsFrozen = true;
        _scheduler.Freeze();
        _disturbances.Touch();
    }

    public void Thaw()
    {
        IsFrozen = false;
        _thawed = _time.Now;
        _disturbances.Touch();
        _scheduler.Thaw();
    }

    private NodeSettings Settings(int role, Auditor auditor, PlanBook plans, ClusterOptions options, Random random) => new()
    {
        Name = Name,
        Slots = Slots,
        Queues = ClusterQueues.ServedBy(role),
        Limits = ClusterQueues.Limits,
        Worker = options.WorkBug?.Invoke(new SimulatedWorker(this, auditor, plans, _time)) ?? new SimulatedWorker(this, auditor, plans, _time),
        Prefetch = random.Next(3) == 0 ? 8 : 0,
        Time = Clock,
        Random = new Random(random.Next()),
        Loops = _scheduler,
        Work = _scheduler,
    };

    /// <summary>A step of a loop that throws is a defect of the engine, however well the loop outlives it.</summary>
    private sealed class EngineErrors(Auditor auditor) : ILoggerFactory, ILogger
    {
        private const int StepFailed = 2;

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id == StepFailed)
            {
                auditor.Fail($"{formatter(state, exception)}: {exception}");
            }
        }
    }
}
