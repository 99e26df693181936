using Fairlead.Diagnostics;
using Fairlead.Policies;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>The way of a job from one table to the next. Each move counts it where it goes; who takes it out of a table counts it out.</summary>
internal sealed partial class Session
{
    /// <summary>Makes a job ready: where a claim finds it, behind its batch's turn, or alone. <paramref name="keepsPlace" />: it is in play in its batch already.</summary>
    public void MakeReady(in Place place, bool keepsPlace = false)
    {
        Count(place.Queue, place.Batch, JobStatus.Queued, 1);
        if (place.Flags.HasFlag(JobFlags.Shared) && !keepsPlace && !TakePlace(place.Batch))
        {
            AddWaiting(place, WaitingState.Parked, null, WaitCause.Slot, 0);
            return;
        }
        LetIn(place);
    }

    /// <summary>Lets a job wait for a time.</summary>
    public void MakeScheduled(in Place place, long due, WaitCause cause)
    {
        Count(place.Queue, place.Batch, JobStatus.Scheduled, 1);
        AddWaiting(place, WaitingState.Scheduled, due, cause, 0);
        Signal(StoreSignals.Work);
    }

    /// <summary>Lets a job wait for others; afterwards for <paramref name="due" />, if that is set.</summary>
    public void MakeBlocked(in Place place, long? due, int blockers)
    {
        Count(place.Queue, place.Batch, JobStatus.Blocked, 1);
        AddWaiting(place, WaitingState.Blocked, due, WaitCause.Blocked, blockers);
    }

    /// <summary>Takes a job out of what waits, and writes down its wait.</summary>
    public void EndWait(in Place place, WaitCause cause, long? at = null)
    {
        var end = at ?? Now;
        statements.Gone("remove_waiting").Add(place.Job).End();
        if (place.Since < end)
        {
            statements.Later("add_wait").Add(place.Job).Add(place.Since).Add(end).Add((long)cause).End();
        }
    }

    private void LetIn(in Place place)
    {
        Signal(StoreSignals.Work);
        if (NodeLoss.IsSolo((int)place.Lost))
        {
            AddWaiting(place, WaitingState.Solo, null, WaitCause.Start, 0);
        }
        else if (place.Flags.HasFlag(JobFlags.Grouped))
        {
            JoinGroup(place);
        }
        else
        {
            statements.Later("add_ready").Add(place.Queue).Add(place.Kind).Add(place.Priority).Add(place.Job)
                .Add(place.MaybeBatch).Add((long)place.Flags).Add(place.Attempt).Add(place.Fence).Add(place.Lost).Add(place.Since).End();
        }
    }

    private void AddWaiting(in Place place, WaitingState state, long? due, WaitCause cause, int blockers) =>
        statements.Later("add_waiting").Add(place.Job).Add((long)state).Add(place.Queue).Add(place.Priority).Add(place.MaybeBatch)
            .Add(due).Add((long)cause).Add(blockers).Add(place.Attempt).Add(place.Fence).Add(place.Lost).Add(place.Since).End();
}
