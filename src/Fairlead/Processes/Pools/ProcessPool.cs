using Fairlead.Engine;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Processes.Pools;

/// <summary>
/// The processes of one queue on this node: how many there may be, when the next may start, how much memory they may hold, what they have done. How they
/// are given work is for <see cref="JobPool" /> and <see cref="StreamPool" />.
/// </summary>
internal abstract partial class ProcessPool : IPool
{
    private static readonly TimeSpan MemoryEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Stands = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MemoryGrace = TimeSpan.FromSeconds(1);
    private static readonly List<Action> s_nothing = [];
    private readonly List<PoolWorker> _workers = [];
    private readonly CrashBackoff _backoff;
    private List<Action> _afterwards = [];
    private long _memoryAt;
    private int _told;

    protected ProcessPool(PoolSetup setup, PoolOptions options, QueueDefinition queue)
    {
        (Setup, Options, Queue) = (setup, options, queue);
        Places = new PoolPlaces(setup.Time, options.Cooldown);
        Record = new PoolRecord(setup.Time);
        Secrets = new SecretMask(options.Secrets);
        _backoff = new CrashBackoff(setup.Time);
        _memoryAt = setup.Time.GetTimestamp();
        Obey(queue);
    }

    /// <inheritdoc />
    public bool EndsWork => true;

    /// <inheritdoc />
    public abstract bool TakesTurns { get; }

    /// <inheritdoc />
    public Action? Grown { get; set; }

    /// <inheritdoc />
    public Action? Stirred { get; set; }

    /// <inheritdoc />
    public virtual bool ServesALine => false;

    /// <inheritdoc />
    public int Slots => Places.Most * Options.Prefetch;

    /// <inheritdoc />
    public int? Capacity
    {
        get
        {
            lock (Gate)
            {
                return CapacityNow;
            }
        }
    }

    protected Lock Gate { get; } = new();

    protected PoolSetup Setup { get; }

    protected PoolOptions Options { get; }

    protected QueueDefinition Queue { get; private set; }

    protected PoolPlaces Places { get; }

    protected PoolRecord Record { get; }

    protected SecretMask Secrets { get; }

    protected TimeProvider Time => Setup.Time;

    protected string Label => Queue.Label ?? Queue.Name;

    protected IReadOnlyList<PoolWorker> Workers => _workers;

    /// <summary>True once it was told to end: it starts nothing more.</summary>
    protected bool IsClosed { get; private set; }

    /// <summary>How many processes may be started now. While they crash again and again, one at a time.</summary>
    protected int Startable => IsClosed || _backoff.Wait > TimeSpan.Zero ? 0 : _backoff.IsStorm ? Math.Min(Places.Free, Places.Taken == 0 ? 1 : 0) : Places.Free;

    /// <summary>As <see cref="Capacity" />, under the lock.</summary>
    protected abstract int CapacityNow { get; }

    /// <summary>How long each job that is worked at has run.</summary>
    protected abstract IEnumerable<TimeSpan> Running { get; }

    /// <inheritdoc />
    public abstract Task<WorkResult> RunAsync(Attempt attempt, CancellationToken cancellationToken);

    /// <inheritdoc />
    public void Obey(QueueDefinition queue) => Do(() =>
    {
        Queue = queue;
        Places.Most = Options.MaxPerNode ?? (queue.MaxConcurrent is { } most ? (most + Options.Prefetch - 1) / Options.Prefetch : Environment.ProcessorCount);
        AfterObeying();
    });

    /// <inheritdoc />
    public TimeSpan Tend()
    {
        LookAtMemory();
        var next = Timeout.InfiniteTimeSpan;
        Do(() =>
        {
            next = Sooner(TendWorkers(), EndStorm());
            var capacity = CapacityNow;
            if (capacity > _told)
            {
                Afterwards(() => Grown?.Invoke());
            }
            _told = capacity;
            next = Sooner(next, Places.NextCool);
            next = Sooner(next, _backoff.Wait is { Ticks: > 0 } wait ? wait : null);
            next = Sooner(next, Options.MaxMemory is null || Workers.Count == 0 ? null : MemoryEvery);
        });
        return next == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : next;
    }

    /// <inheritdoc />
    public PoolReport Report()
    {
        lock (Gate)
        {
            return Record.Report(Queue, Places.Most, Running) with
            {
                Workers = [.. _workers.Select(static worker => worker.Info())],
                BacksOffUntil = _backoff.Wait is { Ticks: > 0 } wait ? Time.GetUtcNow() + wait : null,
            };
        }
    }

    /// <inheritdoc />
    public bool End(string worker)
    {
        var found = false;
        Do(() =>
        {
            if (_workers.Find(each => each.Id == worker) is { } named)
            {
                found = true;
                EndNow(named, WorkerEnd.Ended);
            }
        });
        return found;
    }

    /// <summary>True while they crash again and again and the next may not be started yet.</summary>
    protected bool BacksOff => _backoff.Wait > TimeSpan.Zero;

    /// <inheritdoc />
    public void Close() => Do(() =>
    {
        IsClosed = true;
        AfterClosing();
    });

    /// <inheritdoc />
    public bool IsGone
    {
        get
        {
            lock (Gate)
            {
                return IsClosed && _workers.Count == 0;
            }
        }
    }

    /// <summary>Does what is asked under the lock, and then, without it, what was put off until afterwards.</summary>
    protected void Do(Action action) => Do(default, _ => action());

    /// <inheritdoc cref="Do(Action)" />
    protected void Do(ReadOnlySpan<byte> bytes, LineTaker action)
    {
        List<Action> afterwards;
        lock (Gate)
        {
            action(bytes);
            afterwards = TakeAfterwards();
        }
        foreach (var then in afterwards)
        {
            then();
        }
    }

    private List<Action> TakeAfterwards()
    {
        if (_afterwards.Count == 0)
        {
            return s_nothing;
        }
        var afterwards = _afterwards;
        _afterwards = [];
        return afterwards;
    }

    /// <summary>Puts something off until the lock is free: whatever leads out of the pool.</summary>
    protected void Afterwards(Action action) => _afterwards.Add(action);

    /// <summary>Does what time asks of its processes, under the lock.</summary>
    /// <returns>When to look again; <see cref="Timeout.InfiniteTimeSpan" /> for never.</returns>
    protected virtual TimeSpan TendWorkers() => Timeout.InfiniteTimeSpan;

    /// <summary>The policies have changed.</summary>
    protected virtual void AfterObeying() { }

    /// <summary>It is to end.</summary>
    protected virtual void AfterClosing() { }

    /// <summary>A place is taken by a process that is about to be started; the pool's word for it is its id.</summary>
    protected void Take(PoolWorker worker)
    {
        Places.Take();
        Record.Started();
        _workers.Add(worker);
    }

    /// <summary>One that stands for a while does not crash, long though its first job may take: the others need not wait for that.</summary>
    /// <returns>How long until that may be so.</returns>
    private TimeSpan? EndStorm()
    {
        if (!_backoff.IsStorm || _workers.Find(static worker => worker.Pid > 0) is not { } first)
        {
            return null;
        }
        var left = Stands - Time.GetElapsedTime(first.StartedTimestamp);
        if (left > TimeSpan.Zero)
        {
            return left;
        }
        Worked();
        return null;
    }

    /// <summary>Its process runs.</summary>
    protected void Spawned(PoolWorker worker, int pid) => Do(() =>
    {
        worker.Pid = pid;
        LogSpawned(Setup.Logger, worker.Id, Label, pid, _workers.Count(static each => each.Pid > 0));
        Afterwards(() => Stirred?.Invoke());
    });

    /// <summary>Its process and all of its tree is gone.</summary>
    /// <param name="worker">Which.</param>
    /// <param name="why">Why it ended.</param>
    /// <param name="error">What went wrong, if something did that is not its job's fault.</param>
    protected void Gone(PoolWorker worker, WorkerEnd why, string? error)
    {
        _workers.Remove(worker);
        Places.GiveBack();
        Record.Ended(why);
        if (error is not null)
        {
            Failed(error);
        }
        // One that leaves in peace without having been of any use is no better than one that crashes.
        if (why is WorkerEnd.Crashed or WorkerEnd.NotStarted or WorkerEnd.Left && worker.Jobs == 0)
        {
            Crashed(error ?? "It ended before it had done anything.");
        }
        else if (worker.Jobs > 0)
        {
            Worked();
        }
        Afterwards(() =>
        {
            Grown?.Invoke();
            Stirred?.Invoke();
        });
    }

    /// <summary>One of its processes has done something: whatever storm there was is over.</summary>
    protected void Worked()
    {
        if (_backoff.IsStorm)
        {
            Afterwards(() => Grown?.Invoke());
        }
        _backoff.Worked();
    }

    /// <summary>Something went wrong that operators should find.</summary>
    protected void Failed(string error) => Record.Failed(Secrets.Of(error));

    /// <summary>Ends a process at once, whatever it does: SIGTERM, and SIGKILL after its queue's <c>kill_after</c>.</summary>
    protected static void EndNow(PoolWorker worker, WorkerEnd why)
    {
        worker.Ending ??= why;
        worker.IsDoomed = true;
        worker.Process?.Stop();
    }

    protected static TimeSpan Sooner(TimeSpan next, TimeSpan? other) =>
        other is not { } time ? next : next == Timeout.InfiniteTimeSpan || time < next ? (time > TimeSpan.Zero ? time : TimeSpan.Zero) : next;

    /// <summary>The text for whoever reads how the attempt ended.</summary>
    protected string MemoryError(PoolWorker worker) =>
        $"It held {Size(worker.MemoryBytes ?? 0)} of memory, more than the max_memory of its queue ({Size(Options.MaxMemory ?? 0)}), and was ended.";

    private static string Size(long bytes) => FormattableString.Invariant($"{bytes / 1048576.0:0.#} MiB");

    private void Crashed(string error)
    {
        if (!_backoff.Crashed())
        {
            return;
        }
        var text = Secrets.Of(error);
        LogCrashing(Setup.Logger, Label, text);
        Setup.Alerts?.Raise(new Alert(AlertKind.Crashing, Queue.Name, $"The processes of queue {Queue.Name} end again and again before they have done anything; the last: {text}"));
    }

    private void LookAtMemory()
    {
        if (Options.MaxMemory is not { } most || Time.GetElapsedTime(_memoryAt) < MemoryEvery)
        {
            return;
        }
        _memoryAt = Time.GetTimestamp();
        PoolWorker[] workers;
        lock (Gate)
        {
            workers = [.. _workers.Where(static worker => worker.Pid > 0)];
        }
        var held = workers.Length == 0 ? null : Setup.Host.MemoryOf([.. workers.Select(static worker => worker.Pid)]);
        Do(() =>
        {
            foreach (var worker in workers.Where(worker => held!.ContainsKey(worker.Pid)))
            {
                worker.MemoryBytes = held![worker.Pid];
                if (worker.MemoryBytes > most && !worker.IsDoomed)
                {
                    (worker.Ending, worker.IsDoomed) = (WorkerEnd.MaxMemory, true);
                    // What eats memory is not left to eat for as long as a worker may take to end well.
                    worker.Process?.SetDeadline(TimeSpan.Zero, Queue.KillAfter < MemoryGrace ? Queue.KillAfter : MemoryGrace);
                }
            }
        });
    }

    [LoggerMessage(60, LogLevel.Information, "Spawned worker {Worker} for {Label} (PID: {Pid}, Total: {Total})")]
    private static partial void LogSpawned(ILogger logger, string worker, string label, int pid, int total);

    [LoggerMessage(61, LogLevel.Error, "The processes of {Label} end again and again before they have done anything; the next is started only after a while. The last: {Error}")]
    private static partial void LogCrashing(ILogger logger, string label, string error);
}
