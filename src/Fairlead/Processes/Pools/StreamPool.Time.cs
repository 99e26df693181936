using Fairlead.Limits;
using Fairlead.Storage;

namespace Fairlead.Processes.Pools;

internal sealed partial class StreamPool
{
    /// <summary>How long a process of this program may take to come to its jobs: until then its <c>Main</c> builds the host.</summary>
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(60);

    /// <summary>How long a process that waits for permits by itself may do so: each wait lasts a second at most, and an answer takes its time.</summary>
    private static readonly TimeSpan LongestOwnWait = 3 * HandlerPermits.Patience;

    /// <inheritdoc />
    protected override TimeSpan TendWorkers()
    {
        _keepsTime = false;
        var next = Timeout.InfiniteTimeSpan;
        foreach (var process in Processes.ToArray())
        {
            next = Sooner(next, process.Head is { } head ? Watch(process, head) : WatchIdle(process));
            next = Sooner(next, WatchAge(process));
            next = Sooner(next, WatchStart(process));
        }
        Feed();
        StartSpares();
        return next;
    }

    /// <summary>Has the deadline of what it works at kept by its parent, once it is not brief.</summary>
    private TimeSpan? Watch(StreamProcess process, StreamTurn head)
    {
        if (process.IsDoomed)
        {
            return null;
        }
        if (head.CancelledAt != 0)
        {
            var patience = Queue.KillAfter / 2;
            var left = patience - Time.GetElapsedTime(Math.Max(head.CancelledAt, head.BeganAt));
            if (left > TimeSpan.Zero)
            {
                return left;
            }
            // It was asked and did not answer. Half of the grace is for those that listen to signals only.
            (process.Ending, process.IsDoomed) = (WorkerEnd.Cancelled, true);
            process.Process!.SetDeadline(TimeSpan.Zero, Queue.KillAfter - patience);
            return null;
        }
        if (process.HasDeadline || head.Waits > 0 || head.BeganAt == 0 || LimitOf(head) is not { Ticks: > 0 } limit || limit == TimeSpan.MaxValue)
        {
            return null;
        }
        var ran = RanFor(head);
        if (ran < Brief && ran < limit && !head.WaitsItself)
        {
            _keepsTime = true;
            return Brief - ran;
        }
        SetDeadline(process, head);
        return null;
    }

    private void SetDeadline(StreamProcess process, StreamTurn turn)
    {
        var left = LimitOf(turn) - RanFor(turn);
        process.HasDeadline = true;
        process.Process!.SetDeadline((left > TimeSpan.Zero ? left : TimeSpan.Zero) + (turn.WaitsItself ? LongestOwnWait : TimeSpan.Zero), Queue.KillAfter);
    }

    /// <summary>A process of this program waits for permits that it gets itself: its deadline is that much later, and no later.</summary>
    private void WaitsItself(StreamProcess process, StreamTurn turn, bool waits)
    {
        if (Options.ToOwnProgram is null || turn.WaitsItself == waits)
        {
            return;
        }
        turn.WaitsItself = waits;
        if (waits)
        {
            turn.Attempt.WaitBegins(Time.GetTimestamp());
        }
        else
        {
            turn.Attempt.WaitEnds(Time.GetTimestamp());
        }
        if (process.HasDeadline && turn == process.Head && turn.CancelledAt == 0)
        {
            SetDeadline(process, turn);
        }
    }

    /// <summary>How long it has been worked at; time in which it waits for permits is the limit's, not the work's.</summary>
    private TimeSpan RanFor(StreamTurn turn)
    {
        var now = Time.GetTimestamp();
        return Time.GetElapsedTime(turn.BeganAt + turn.Attempt.Waited(now), now);
    }

    /// <summary>One of this program that does not come to its jobs is ended.</summary>
    private TimeSpan? WatchStart(StreamProcess process)
    {
        if (process.IsReady || process.Offence is not null)
        {
            return null;
        }
        var left = ReadyWithin - Time.GetElapsedTime(process.StartedTimestamp);
        if (left <= TimeSpan.Zero)
        {
            Offend(process, $"It did not come to its jobs within {ReadyWithin.TotalSeconds:0} s of its start.");
            return null;
        }
        return left;
    }

    private TimeSpan? WatchIdle(StreamProcess process)
    {
        if (process.ClosedAt != 0)
        {
            var left = Queue.KillAfter - Time.GetElapsedTime(process.ClosedAt);
            if (left <= TimeSpan.Zero)
            {
                process.Process!.Stop();
                return null;
            }
            return left;
        }
        if (process.Ending is not null)
        {
            return null;
        }
        var idle = Options.IdleTimeout - Time.GetElapsedTime(process.IdleSince);
        if (TooMany > 0 || (idle <= TimeSpan.Zero && IdleOnes > Options.Spares))
        {
            Retire(process, WorkerEnd.Idle);
            return Queue.KillAfter;
        }
        return idle > TimeSpan.Zero && IdleOnes > Options.Spares ? idle : null;
    }

    private TimeSpan? WatchAge(StreamProcess process)
    {
        if (Options.MaxRuntime is not { } most || process.Ending is not null)
        {
            return null;
        }
        var left = most - Time.GetElapsedTime(process.StartedTimestamp);
        if (left <= TimeSpan.Zero)
        {
            Retire(process, WorkerEnd.MaxRuntime);
            return Queue.KillAfter;
        }
        return left;
    }

    /// <summary>How many more stay than may.</summary>
    private int TooMany => Processes.Count(static process => process.Ending is null) - Places.Most;

    private int IdleOnes => Processes.Count(static process => process is { Ending: null, Head: null });

    private void StartSpares()
    {
        while (!IsClosed && IdleOnes < Options.Spares && Launch() is not null)
        {
        }
    }
}
