namespace Fairlead.Cli.Tests.Alerts;

/// <summary>
/// A clock that a test moves, timers included; what they call runs where real work goes on, so that sockets and programs are real. A test that
/// fails moves it no further: what waits for it then goes on after <see cref="Workspace.Patience" />, so that the failure is told.
/// </summary>
internal sealed class SteppedClock : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<SteppedTimer> _timers = [];
    private long _ticks = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).UtcTicks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref _ticks), TimeSpan.Zero);

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SteppedTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Whether something waits for exactly so long from now.</summary>
    public bool Waits(TimeSpan time)
    {
        lock (_gate)
        {
            return _timers.Exists(timer => timer.Due == _ticks + time.Ticks);
        }
    }

    public void Advance(TimeSpan by)
    {
        List<SteppedTimer> due;
        lock (_gate)
        {
            _ticks += by.Ticks;
            due = _timers.FindAll(timer => timer.Due <= _ticks);
            due.ForEach(timer => _timers.Remove(timer));
        }
        due.ForEach(static timer => timer.Fire());
    }

    private sealed class SteppedTimer(SteppedClock clock, Action fire) : ITimer
    {
        private ITimer? _forgotten;

        public long Due { get; private set; }

        public Action Fire { get; } = fire;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                clock._timers.Remove(this);
                _forgotten?.Dispose();
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = clock._ticks + dueTime.Ticks;
                    clock._timers.Add(this);
                    _forgotten = System.CreateTimer(static self => ((SteppedTimer)self!).FireForgotten(), this, Workspace.Patience, Timeout.InfiniteTimeSpan);
                }
            }
            return true;
        }

        private void FireForgotten()
        {
            bool waits;
            lock (clock._gate)
            {
                waits = clock._timers.Remove(this);
            }
            if (waits)
            {
                Fire();
            }
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
