using Fairlead.Storage;

namespace Fairlead.Processes.Pools;

internal sealed partial class StreamPool
{
    /// <inheritdoc />
    protected override TimeSpan TendWorkers()
    {
        _keepsTime = false;
        var next = Timeout.InfiniteTimeSpan;
        foreach (var process in Processes.ToArray())
        {
            next = Sooner(next, process.Head is { } head ? Watch(process, head) : WatchIdle(process));
            next = Sooner(next, WatchAge(process));
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
        if (ran < Brief && ran < limit)
        {
            _keepsTime = true;
            return Brief - ran;
        }
        process.HasDeadline = true;
        process.Process!.SetDeadline(ran < limit ? limit - ran : TimeSpan.Zero, Queue.KillAfter);
        return null;
    }

    /// <summary>How long it has been worked at; time in which it waits for permits is the limit's, not the work's.</summary>
    private TimeSpan RanFor(StreamTurn turn)
    {
        var now = Time.GetTimestamp();
        return Time.GetElapsedTime(turn.BeganAt + turn.Attempt.Waited(now), now);
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
