using Fairlead.Diagnostics;
using Fairlead.Policies;
using Fairlead.Storage.InMemory;

namespace Fairlead.Storage;

// Fairness by time: which group goes next, what it is charged, and what keeps it out of reach.
public sealed partial class InMemoryJobStore
{
    /// <summary>A job of the group is ready.</summary>
    private static void JoinGroup(JobRow job, DateTimeOffset now)
    {
        var group = job.Fair = job.Queue.GroupNamed(job.Group);
        var lane = group.Lane(job.Kind);
        lane.Add(job);
        if (group.Ready++ == 0)
        {
            Retag(group, FairQueue.Returned(group.State.Tag, group.Queue.Clock));
        }
        if (lane.Count == 1)
        {
            Reconsider(group, now);
        }
    }

    private static void LeaveGroup(JobRow job, DateTimeOffset now)
    {
        var group = job.Fair;
        var lane = group.Lane(job.Kind);
        lane.Remove(job);
        group.Ready--;
        if (lane.Count == 0 && group.InReach)
        {
            ReachOf(group.Queue, job.Kind).Remove(group);
        }
        if (group is { Ready: 0, Block: not null })
        {
            Reconsider(group, now);
        }
    }

    /// <summary>An attempt of the group was started: its estimate is charged, unless there is nobody to share with.</summary>
    private static void ChargeGroup(JobRow job, DateTimeOffset now)
    {
        var queue = job.Queue;
        var group = job.Fair = queue.GroupNamed(job.Group);
        group.State.InFlight++;
        job.Charged = -1;
        if (queue.Groups.Count > 0)
        {
            job.Charged = group.Estimates.TryGetValue(job.Kind, out var own) ? own : queue.Estimates.GetValueOrDefault(job.Kind, FairQueue.Unknown);
            var tag = group.State.Tag;
            Retag(group, FairQueue.Charged(tag, job.Charged, group.Weight));
            queue.Clock = tag;
        }
        Reconsider(group, now);
    }

    /// <summary>An attempt of the group is over: what was charged is corrected, and its place is free unless its code goes on.</summary>
    private void SettleGroup(JobRow job, TimeSpan ran, bool learns, bool abandoned, DateTimeOffset now)
    {
        var (group, seconds) = (job.Fair, ran.TotalSeconds);
        group.State.InFlight -= abandoned ? 0 : 1;
        group.State.Served += seconds;
        if (job.Charged >= 0)
        {
            Retag(group, FairQueue.Charged(group.State.Tag, seconds - job.Charged, group.Weight));
            SetBackClock(group);
        }
        if (learns && (job.Charged >= 0 || group.Name is not null))
        {
            group.Estimates[job.Kind] = FairQueue.Learned(group.Estimates.GetValueOrDefault(job.Kind, -1), seconds);
            job.Queue.Estimates[job.Kind] = FairQueue.Learned(job.Queue.Estimates.GetValueOrDefault(job.Kind, -1), seconds);
            group.State.Slow += seconds > (job.Queue.InForce?.SlowAfter?.TotalSeconds ?? double.MaxValue) ? 1 : 0;
        }
        if (!abandoned && job.Holds is not null)
        {
            Release(job.Holds);
            // It may have been what the group itself lacked.
            group.State.Held = null;
        }
        job.Holds = null;
        FreeGroup(group, now);
    }

    /// <summary>Whoever was kept out by the group's block may look again. An end that blocked nobody wakes nobody.</summary>
    private void FreeGroup(GroupRow group, DateTimeOffset now)
    {
        var before = group.Block;
        Reconsider(group, now);
        Signal(group.Block != before && group.Ready > 0 ? StoreSignals.Work : StoreSignals.None);
    }

    /// <summary>
    /// Virtual time is not ahead of a group that can go next: what was charged too much at its starts had moved it on, and newcomers would
    /// wait until the group has had that much.
    /// </summary>
    private static void SetBackClock(GroupRow group)
    {
        if (group is { InReach: true, Ready: > 0 })
        {
            group.Queue.Clock = Math.Min(group.Queue.Clock, group.State.Tag);
        }
    }

    /// <summary>What a running attempt takes beyond its estimate is charged while it runs: hung work is not free.</summary>
    private static void ChargeOverrun(JobRow job, DateTimeOffset now)
    {
        var ran = (now - job.Attempts[^1].ClaimedAt).TotalSeconds;
        if (job.Charged >= 0 && ran > job.Charged)
        {
            Retag(job.Fair, FairQueue.Charged(job.Fair.State.Tag, ran - job.Charged, job.Fair.Weight));
            job.Charged = ran;
        }
    }

    /// <summary>The group's breaker hears how an attempt ended; when more than half of all groups fail, the queue's own opens instead.</summary>
    private static void JudgeGroup(JobRow job, bool? succeeded, DateTimeOffset now)
    {
        var (group, queue) = (job.Fair, job.Queue);
        if (group.Name is null || succeeded is not { } well)
        {
            return;
        }
        queue.Outage = well && !(queue.Outage.OpenUntil > now) ? default : queue.Outage;
        if (queue.InForce?.Breaker is not { } policy)
        {
            // Opened by hand where there is no policy: it is over when its time is.
            group.State.Breaker = group.State.Breaker.OpenUntil > now ? group.State.Breaker : default;
            return;
        }
        var state = group.State.Breaker;
        state = well ? state.Succeeded(now) : state.Failed(policy, now);
        if (state.MustOpen(policy))
        {
            var keys = queue.Groups.Values.Count(static g => g.Ready > 0 || g.State.InFlight > 0 || g.State.Breaker.IsOpen);
            var open = queue.Groups.Values.Count(static g => g.State.Breaker.IsOpen);
            if (BreakerState.MayQuarantine(open, keys))
            {
                state = state.Opened(policy, now);
            }
            else if (!(queue.Outage.OpenUntil > now))
            {
                queue.Outage = queue.Outage.Opened(policy, now);
            }
        }
        group.State.Breaker = state;
    }

    /// <summary>Puts the group where it belongs: in reach, out of it, or among those that wait for a time; and records what blocks it.</summary>
    private static void Reconsider(GroupRow group, DateTimeOffset now)
    {
        var queue = group.Queue;
        var block = group.Ready == 0 ? null : group.State.Blocked(queue.InForce, queue.Name, group.Name, now);
        if (group.WakeAt is not null)
        {
            queue.Waking.Remove(group);
            group.WakeAt = null;
        }
        if (block?.Until is { } until)
        {
            group.WakeAt = until;
            queue.Waking.Add(group);
        }
        if (group.Block is not null && block is null)
        {
            // Nobody saves up for later while he is blocked, either.
            Retag(group, FairQueue.Returned(group.State.Tag, queue.Clock));
        }
        SetReach(group, block is null);
        Record(group, block, now);
    }

    private static void SetReach(GroupRow group, bool inReach)
    {
        group.InReach = inReach;
        foreach (var (kind, lane) in group.Lanes)
        {
            var reach = ReachOf(group.Queue, kind);
            _ = inReach && lane.Count > 0 ? reach.Add(group) : reach.Remove(group);
        }
    }

    private static void Record(GroupRow group, WaitReason? block, DateTimeOffset now)
    {
        if (group.Block is { } last && (block is not { } next || next.Cause != last.Cause || next.Key != last.Key))
        {
            group.Queue.Blocks.Set(last.Cause, last.Key, false, now);
        }
        if (block is { } begun)
        {
            group.Queue.Blocks.Set(begun.Cause, begun.Key, true, now);
        }
        group.Block = block;
    }

    private static void Retag(GroupRow group, double tag)
    {
        if (group.InReach)
        {
            SetReach(group, false);
            group.State.Tag = tag;
            SetReach(group, true);
        }
        else
        {
            group.State.Tag = tag;
        }
    }

    /// <summary>Groups whose time has come are in reach again, whenever somebody looks.</summary>
    private static void WakeGroups(QueueRow queue, DateTimeOffset now)
    {
        while (queue.Waking.Min is { } group && group.WakeAt <= now)
        {
            Reconsider(group, now);
        }
    }

    /// <summary>What keeps groups back by their own limits has changed: they are looked at anew.</summary>
    /// <param name="key">Of which limit and group; null for all.</param>
    /// <param name="now">The store's time.</param>
    private void WakeHeld(string? key, DateTimeOffset now)
    {
        foreach (var group in _queueOrder.SelectMany(static queue => queue.Groups.Values.Append(queue.Ungrouped)).Where(g => g.State.Held is { } held && held.Key == (key ?? held.Key)))
        {
            group.State.Held = null;
            Reconsider(group, now);
        }
        Signal(StoreSignals.Work);
    }

    private static void ForgetIdleGroups(QueueRow queue, DateTimeOffset now)
    {
        foreach (var group in queue.Groups.Values.Where(g => g.Ready == 0 && g.State.IsForgettable(queue.Clock, now)).ToList())
        {
            SetReach(group, false);
            queue.Groups.Remove(group.Name!);
        }
    }

    private static SortedSet<GroupRow> ReachOf(QueueRow queue, JobKind kind)
    {
        if (!queue.Reach.TryGetValue(kind, out var reach))
        {
            queue.Reach.Add(kind, reach = new(RowOrder.ByTag));
        }
        return reach;
    }
}
