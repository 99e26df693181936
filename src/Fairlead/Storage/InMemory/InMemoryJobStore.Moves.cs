using Fairlead.Diagnostics;
using Fairlead.Storage.InMemory;

namespace Fairlead.Storage;

// Every change of status goes through here, so that indexes, counters and recorded waits cannot disagree with it.
public sealed partial class InMemoryJobStore
{
    /// <summary>Changes the status and the counters of queue and batch with it.</summary>
    private static void Move(JobRow job, JobStatus to)
    {
        Count(job, -1);
        job.Status = to;
        job.TimedOut = to == JobStatus.Failed && job.LastOutcome == AttemptOutcome.TimedOut;
        Count(job, 1);
    }

    private static void Count(JobRow job, int by)
    {
        job.Queue.Tally = job.Queue.Tally.Add(job.Status, by, job.TimedOut);
        if (job.Batch is { } batch)
        {
            batch.Tally = batch.Tally.Add(job.Status, by, job.TimedOut);
        }
    }

    /// <summary>To <see cref="JobStatus.Queued" />: in reach of claims, or parked when its batch has no place for it.</summary>
    private void MakeReady(JobRow job, DateTimeOffset at)
    {
        Move(job, JobStatus.Queued);
        if (job.Batch is { Definition.MaxParallel: { } max } batch && batch.InPlay >= max)
        {
            job.Parked = true;
            batch.Parked.Add(job);
            OpenWait(job, WaitCause.Slot, at);
            return;
        }
        if (job.Batch is { } place)
        {
            place.InPlay++;
        }
        PutInReach(job, at);
    }

    private void PutInReach(JobRow job, DateTimeOffset at)
    {
        job.ReadyAt = at;
        job.Queue.Ready++;
        if (job.IsSolo)
        {
            job.Fair = job.Queue.GroupNamed(job.Group);
            job.Queue.Solo.Add(job);
        }
        else
        {
            JoinGroup(job, at);
        }
        Signal(StoreSignals.Work);
    }

    private static void TakeOutOfReach(JobRow job, DateTimeOffset now)
    {
        job.Queue.Ready--;
        if (job.IsSolo)
        {
            job.Queue.Solo.Remove(job);
        }
        else
        {
            LeaveGroup(job, now);
        }
        Unreserve(job);
    }

    private void Schedule(JobRow job, DateTimeOffset due, WaitCause cause, DateTimeOffset now)
    {
        Move(job, JobStatus.Scheduled);
        job.DueAt = due;
        job.WaitsFor = cause;
        job.Queue.Due.Add(job);
        OpenWait(job, cause, now);
        Signal(StoreSignals.Work);
    }

    /// <summary>Due jobs are ready since they came due, whenever somebody looks.</summary>
    private void Promote(QueueRow queue, DateTimeOffset now)
    {
        while (queue.Due.Min is { } job && job.DueAt <= now)
        {
            queue.Due.Remove(job);
            CloseWait(job, job.DueAt);
            MakeReady(job, job.DueAt);
        }
    }

    /// <summary>Takes a job out of whatever it waits in or runs on, before it ends. Its counters move with <see cref="Move" />.</summary>
    private void Detach(JobRow job, DateTimeOffset now)
    {
        CloseWait(job, now);
        switch (job.Status)
        {
            case JobStatus.Scheduled:
                job.Queue.Due.Remove(job);
                break;
            case JobStatus.Queued when job.Parked:
                job.Parked = false;
                job.Batch!.Parked.Remove(job);
                break;
            case JobStatus.Queued:
                TakeOutOfReach(job, now);
                FreePlace(job, now);
                break;
            case JobStatus.Processing:
                StopRunning(job);
                FreePlace(job, now);
                break;
        }
    }

    /// <summary>Its attempt is over; its place in its batch is still its own.</summary>
    private void StopRunning(JobRow job)
    {
        var queue = job.Queue;
        if (queue is { Ready: > 0, IsFull: true })
        {
            Signal(StoreSignals.Work);
        }
        job.Node!.Running.Remove(job);
        job.Node = null;
        job.CancelRequested = false;
    }

    /// <summary>Back from <see cref="JobStatus.Processing" /> to <see cref="JobStatus.Queued" /> in one step; it keeps its place in its batch.</summary>
    private void Requeue(JobRow job, DateTimeOffset now)
    {
        StopRunning(job);
        Move(job, JobStatus.Queued);
        PutInReach(job, now);
    }

    /// <summary>The job no longer runs and is no longer in reach: the next parked item of its batch is.</summary>
    private void FreePlace(JobRow job, DateTimeOffset now)
    {
        if (job.Batch is not { } batch)
        {
            return;
        }
        batch.InPlay--;
        if (batch.Parked.Min is { } next)
        {
            batch.Parked.Remove(next);
            next.Parked = false;
            CloseWait(next, now);
            batch.InPlay++;
            PutInReach(next, now);
        }
    }

    private void End(JobRow job, JobStatus status, string? error, DateTimeOffset now)
    {
        Detach(job, now);
        Move(job, status);
        _cancelled += status == JobStatus.Cancelled ? 1 : 0;
        job.Error = error;
        job.EndedAt = now;
        _deadlines.Remove(job);
        FreeUniqueKey(job);
        if (job.Batch is { } batch)
        {
            EndIfLast(batch, now);
        }
        else
        {
            EndedLike(job).Add(job);
        }
        HasEnded(job, now);
    }

    private SortedSet<JobRow> EndedLike(JobRow job) => job.Status == JobStatus.Completed ? _endedWell : _endedBadly;

    /// <summary>Jobs that wait for this one move on, and those that wait for them; a parent ends with its children. A loop, not recursion: chains may be long.</summary>
    private void HasEnded(JobRow job, DateTimeOffset now)
    {
        Signal(StoreSignals.Ended);
        _fallout.Enqueue(job);
        if (_settling)
        {
            return;
        }
        _settling = true;
        while (_fallout.TryDequeue(out var ended))
        {
            var dependents = ended.Dependents ?? [];
            ended.Dependents = null;
            foreach (var dependent in dependents)
            {
                Unblock(dependent, ended, now);
            }
            if (ended.AsBatch is { Owner: { } parent } children)
            {
                children.Owner = null;
                EndParent(parent, ended.Status, children.Tally, now);
            }
        }
        _settling = false;
    }

    private void Unblock(JobRow dependent, JobRow ended, DateTimeOffset now)
    {
        if (dependent.Status != JobStatus.Blocked)
        {
            return;
        }
        if (ended.Status != JobStatus.Completed)
        {
            End(dependent, JobStatus.Cancelled, InVain(ended.Id, ended.Status.ToWire()), now);
        }
        else if (--dependent.Unmet == 0)
        {
            CloseWait(dependent, now);
            ScheduleOrMakeReady(dependent, now);
        }
    }

    private static string InVain(JobId id, string what) => $"Job {id}, which it waited for, {(what == "cancelled" ? "was cancelled" : what)}.";

    private void ScheduleOrMakeReady(JobRow job, DateTimeOffset now)
    {
        if (job.NotBefore > now)
        {
            Schedule(job, job.NotBefore, WaitCause.Scheduled, now);
        }
        else
        {
            MakeReady(job, now);
        }
    }

    /// <summary>A unique key is free when its job has ended and none of its abandoned attempts goes on.</summary>
    private void FreeUniqueKey(JobRow job)
    {
        if (job.UniqueKey is { } key && job.Status.IsEnded() && job.Abandoned == 0
            && _uniqueKeys.TryGetValue((job.Queue.Name, key), out var holder) && holder == job)
        {
            _uniqueKeys.Remove((job.Queue.Name, key));
        }
    }

    private static void OpenWait(JobRow job, WaitCause cause, DateTimeOffset now)
    {
        Bound(job.Waits);
        job.Waits.Add(new(cause, now, null));
    }

    /// <summary>A job that is deferred for days must not fill the memory with its history: the oldest tenth goes.</summary>
    private static void Bound<T>(List<T> history)
    {
        const int Kept = 1000;
        if (history.Count >= Kept)
        {
            history.RemoveRange(0, Kept / 10);
        }
    }

    private static void CloseWait(JobRow job, DateTimeOffset now)
    {
        if (job.Waits.Count == 0 || job.Waits[^1].To is not null)
        {
            return;
        }
        var open = job.Waits[^1];
        job.Waits.RemoveAt(job.Waits.Count - 1);
        if (open.From < now)
        {
            job.Waits.Add(open with { To = now });
        }
    }
}
