namespace Fairlead.Engine;

/// <summary>
/// A door bell: any thread rings, one loop waits. Rings while nobody waits are remembered as one.
/// </summary>
internal sealed class Wakeup(TimeProvider time)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _waiting;
    private bool _rung;

    /// <summary>Wakes the waiting loop, or lets its next wait return at once.</summary>
    public void Ring()
    {
        TaskCompletionSource? waiting;
        lock (_gate)
        {
            waiting = _waiting;
            _waiting = null;
            _rung = waiting is null;
        }
        waiting?.TrySetResult();
    }

    /// <summary>Returns at the next ring, or after <paramref name="atMost" /> (<see cref="Timeout.InfiniteTimeSpan" /> for no bound), or when cancelled: never throws.</summary>
    public async ValueTask WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        TaskCompletionSource waiting;
        lock (_gate)
        {
            if (_rung || cancellationToken.IsCancellationRequested || (atMost <= TimeSpan.Zero && atMost != Timeout.InfiniteTimeSpan))
            {
                _rung = false;
                return;
            }
            waiting = _waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        using var cancelled = cancellationToken.UnsafeRegister(static state => ((Wakeup)state!).Ring(), this);
        using var timer = atMost == Timeout.InfiniteTimeSpan ? null : time.CreateTimer(static state => ((Wakeup)state!).Ring(), this, UpToMilliseconds(atMost), Timeout.InfiniteTimeSpan);
        await waiting.Task;
    }

    /// <summary>Real timers cut off what is below a millisecond, and would wake the loop just before its moment.</summary>
    private static TimeSpan UpToMilliseconds(TimeSpan time) =>
        time.Ticks % TimeSpan.TicksPerMillisecond is > 0 and var rest ? time + TimeSpan.FromTicks(TimeSpan.TicksPerMillisecond - rest) : time;
}
