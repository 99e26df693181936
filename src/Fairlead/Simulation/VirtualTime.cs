namespace Fairlead.Simulation;

/// <summary>
/// Time that passes only when nothing is left to do: the real engine, whole days of it, in seconds on one thread. What is started on
/// <see cref="Scheduler" /> and waits through this provider runs in an order that depends on nothing outside, so that one seed repeats
/// one run exactly. Work that escapes to another thread (<c>ConfigureAwait(false)</c>, <c>Task.Run</c>) is a failure, not a surprise.
/// </summary>
/// <remarks>Not for several threads: whoever calls one of the <c>Run</c> methods drives everything until it returns.</remarks>
public sealed class VirtualTime : TimeProvider
{
    private const long StepsWithoutProgress = 10_000_000;
    private static readonly TimeSpan ForeignPatience = TimeSpan.FromSeconds(2);

    private readonly TimerHeap _timers = new();
    private readonly VirtualScheduler _scheduler;
    private long _ticks;
    private long _sequence;

    /// <summary>Time that begins at <paramref name="start" />; by default the first moment of 2026, UTC.</summary>
    public VirtualTime(DateTimeOffset? start = null)
    {
        _ticks = (start ?? new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)).UtcTicks;
        _scheduler = new();
    }

    /// <summary>Where everything that is to run in this time must be started; awaits inside come back to it by themselves.</summary>
    public TaskScheduler Scheduler => _scheduler;

    /// <summary>What time it is.</summary>
    public DateTimeOffset Now => new(_ticks, TimeSpan.Zero);

    /// <summary>How many pieces of work and timers have run so far: equal runs have equal counts.</summary>
    public long Steps { get; private set; }

    /// <summary>How many timers are waiting.</summary>
    public int PendingTimers => _timers.Count;

    /// <inheritdoc />
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc />
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow()
    {
        _scheduler.RequireOwnThread("asked for the time");
        return Now;
    }

    /// <inheritdoc />
    public override long GetTimestamp()
    {
        _scheduler.RequireOwnThread("asked for a timestamp");
        return _ticks;
    }

    /// <inheritdoc />
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        _scheduler.RequireOwnThread("made a timer");
        var timer = new VirtualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Starts work on <see cref="Scheduler" />; it runs when one of the <c>Run</c> methods does.</summary>
    public Task StartAsync(Func<Task> work) => Task.Factory.StartNew(
        async () => await work(), CancellationToken.None, TaskCreationOptions.DenyChildAttach, _scheduler).Unwrap();

    /// <summary>Runs <paramref name="main" /> and everything it started until it ends; what it throws is thrown here.</summary>
    /// <exception cref="InvalidOperationException">It waits for something that can never come, or work escaped to another thread.</exception>
    public void Run(Func<Task> main)
    {
        var running = StartAsync(main);
        Pump(() => running.IsCompleted, long.MaxValue, mustBeMet: true);
        running.GetAwaiter().GetResult();
    }

    /// <inheritdoc cref="Run(Func{Task})" />
    /// <returns>Its result.</returns>
    public T Run<T>(Func<Task<T>> main)
    {
        T result = default!;
        Run(async () => { result = await main(); });
        return result;
    }

    /// <summary>Runs until <paramref name="condition" />, asked after every step, is met, or <paramref name="limit" /> of this time has passed.</summary>
    /// <returns>Whether it was met.</returns>
    public bool RunUntil(Func<bool> condition, TimeSpan limit) => Pump(condition, _ticks + limit.Ticks, mustBeMet: false);

    /// <summary>Runs everything that happens within <paramref name="duration" />; afterwards so much time has passed.</summary>
    public void RunFor(TimeSpan duration) => Pump(static () => false, _ticks + duration.Ticks, mustBeMet: false);

    internal void Schedule(VirtualTimer timer, long dueIn)
    {
        _scheduler.RequireOwnThread("changed a timer");
        _timers.Remove(timer);
        if (dueIn >= 0)
        {
            (timer.Due, timer.Sequence) = (_ticks + dueIn, ++_sequence);
            _timers.Add(timer);
        }
    }

    private bool Pump(Func<bool> condition, long until, bool mustBeMet)
    {
        var met = false;
        // A context of the caller (a test framework's) would take the continuations away from the scheduler.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            // The loop is itself a task of the scheduler, so that timers' callbacks run under it like everything else.
            _scheduler.RunRoot(() => met = Loop(condition, until, mustBeMet));
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
        return met;
    }

    private bool Loop(Func<bool> condition, long until, bool mustBeMet)
    {
        var lastProgress = Steps;
        while (!condition())
        {
            _scheduler.ThrowIfForeign();
            if (_scheduler.RunNext())
            {
                if (++Steps - lastProgress > StepsWithoutProgress)
                {
                    throw new InvalidOperationException($"Something goes round without waiting: {StepsWithoutProgress:N0} steps at {Now:O}.");
                }
                continue;
            }
            if (_timers.First is not { } timer || timer.Due > until)
            {
                return Idle(until, mustBeMet);
            }
            if (timer.Due > _ticks)
            {
                (_ticks, lastProgress) = (timer.Due, Steps);
            }
            Fire(timer);
        }
        _scheduler.ThrowIfForeign();
        return true;
    }

    private void Fire(VirtualTimer timer)
    {
        Steps++;
        _timers.Remove(timer);
        if (timer.Period > 0)
        {
            Schedule(timer, timer.Period);
        }
        timer.Callback(timer.State);
    }

    /// <summary>Nothing is left to do before the limit.</summary>
    private bool Idle(long until, bool mustBeMet)
    {
        if (!mustBeMet)
        {
            _ticks = Math.Max(_ticks, until);
            return false;
        }
        // If work has escaped to another thread, it is worth a moment of real time to be able to say so.
        SpinWait.SpinUntil(() => _scheduler.IsForeign, ForeignPatience);
        _scheduler.ThrowIfForeign();
        throw new InvalidOperationException($"Nothing is left to do at {Now:O}, no timer is set, and what was to end still waits.");
    }
}

/// <summary>A timer of <see cref="VirtualTime" />; knows its place in the heap, so that taking it back costs no more than setting it.</summary>
internal sealed class VirtualTimer(VirtualTime time, TimerCallback callback, object? state) : ITimer
{
    public readonly TimerCallback Callback = callback;
    public readonly object? State = state;
    public long Due;
    public long Sequence;
    public long Period;
    public int Index = -1;
    private bool _disposed;

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        Require(dueTime, nameof(dueTime));
        Require(period, nameof(period));
        if (_disposed)
        {
            return false;
        }
        Period = period == Timeout.InfiniteTimeSpan ? 0 : period.Ticks;
        time.Schedule(this, dueTime == Timeout.InfiniteTimeSpan ? -1 : dueTime.Ticks);
        return true;
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            time.Schedule(this, -1);
        }
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return default;
    }

    private static void Require(TimeSpan value, string name)
    {
        if (value < TimeSpan.Zero && value != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(name, value, "Expected zero or more, or Timeout.InfiniteTimeSpan.");
        }
    }
}

/// <summary>Timers by due time, then by the order in which they were set: a binary heap that timers can leave early.</summary>
internal sealed class TimerHeap
{
    private VirtualTimer[] _items = new VirtualTimer[64];

    public int Count { get; private set; }

    public VirtualTimer? First => Count > 0 ? _items[0] : null;

    public void Add(VirtualTimer timer)
    {
        if (Count == _items.Length)
        {
            Array.Resize(ref _items, Count * 2);
        }
        Up(timer, Count++);
    }

    public void Remove(VirtualTimer timer)
    {
        var at = timer.Index;
        if (at < 0)
        {
            return;
        }
        timer.Index = -1;
        var last = _items[--Count];
        _items[Count] = null!;
        if (at == Count)
        {
            return;
        }
        if (at > 0 && Before(last, _items[(at - 1) / 2]))
        {
            Up(last, at);
        }
        else
        {
            Down(last, at);
        }
    }

    private void Up(VirtualTimer timer, int at)
    {
        while (at > 0 && _items[(at - 1) / 2] is var parent && Before(timer, parent))
        {
            Put(parent, at);
            at = (at - 1) / 2;
        }
        Put(timer, at);
    }

    private void Down(VirtualTimer timer, int at)
    {
        for (var child = (2 * at) + 1; child < Count; child = (2 * at) + 1)
        {
            if (child + 1 < Count && Before(_items[child + 1], _items[child]))
            {
                child++;
            }
            if (!Before(_items[child], timer))
            {
                break;
            }
            Put(_items[child], at);
            at = child;
        }
        Put(timer, at);
    }

    private void Put(VirtualTimer timer, int at)
    {
        _items[at] = timer;
        timer.Index = at;
    }

    private static bool Before(VirtualTimer a, VirtualTimer b) => a.Due != b.Due ? a.Due < b.Due : a.Sequence < b.Sequence;
}
