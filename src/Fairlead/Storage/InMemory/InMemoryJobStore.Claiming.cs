using Fairlead.Diagnostics;
using Fairlead.Policies;
using Fairlead.Storage.InMemory;

namespace Fairlead.Storage;

public sealed partial class InMemoryJobStore
{
    /// <summary>How soon a group looks again whose own number at once is all in use.</summary>
    private static readonly TimeSpan HeldPermitPoll = TimeSpan.FromSeconds(1);

    /// <inheritdoc />
    public ValueTask<ClaimResult> ClaimAsync(ClaimRequest request, CancellationToken cancellationToken = default) =>
        CommitAsync(now => Claim(request, now), cancellationToken);

    /// <inheritdoc />
    public ValueTask<int> ReconcileAsync(NodeId node, long sequence, IReadOnlyCollection<AttemptKey> held, CancellationToken cancellationToken = default) =>
        CommitAsync(now => Reconcile(node, sequence, held, now), cancellationToken);

    private ClaimResult Claim(ClaimRequest request, DateTimeOffset now)
    {
        if (Member(request.Node) is not { } node || !node.HoldsLease(now) || request.Sequence < node.Reconciled)
        {
            return new() { Jobs = [], Now = now };
        }
        node.LastSequence = Math.Max(node.LastSequence, request.Sequence);
        var nextDue = PromoteAll(request, now);
        RecordOutage(request, now);
        if (RunsSolo(node))
        {
            return new() { Jobs = [], Now = now, NextDue = nextDue };
        }
        return ClaimSolo(node, request, nextDue, now) ?? ClaimReady(node, request, nextDue, now);
    }

    private void RecordOutage(ClaimRequest request, DateTimeOffset now)
    {
        if (request.StoreAwaySince is not { } since)
        {
            return;
        }
        foreach (var asked in request.Queues)
        {
            if (_queues.TryGetValue(asked.Queue, out var queue))
            {
                queue.Blocks.Record(WaitCause.Store, request.Node.ToString(), since, now);
                new LimitGate(queue, FindLimit, now).LearnAfterOutage(since);
            }
        }
    }

    private DateTimeOffset? PromoteAll(ClaimRequest request, DateTimeOffset now)
    {
        DateTimeOffset? next = null;
        foreach (var asked in request.Queues)
        {
            if (_queues.TryGetValue(asked.Queue, out var queue))
            {
                Promote(queue, now);
                next = queue.Due.Min is { } due && (next is null || due.DueAt < next) ? due.DueAt : next;
            }
        }
        return next;
    }

    private static bool RunsSolo(NodeRow node) => node.Running.Count == 1 && node.Running.Min!.IsSolo;

    private ClaimResult ClaimReady(NodeRow node, ClaimRequest request, DateTimeOffset? nextDue, DateTimeOffset now)
    {
        List<ClaimedJob> jobs = [];
        var more = false;
        foreach (var asked in request.Queues)
        {
            if (!_queues.TryGetValue(asked.Queue, out var queue) || queue.Paused)
            {
                continue;
            }
            if (queue.Outage.OpenUntil is { } until && until > now)
            {
                queue.Blocks.Set(WaitCause.Breaker, queue.Name, queue.Ready > 0, now);
                nextDue = Sooner(nextDue, until == BreakerState.Forever ? null : until);
                continue;
            }
            queue.Blocks.Set(WaitCause.Breaker, queue.Name, false, now);
            var (left, refused) = Take(queue, node, asked, Math.Min(asked.Slots, request.Slots - jobs.Count), jobs, now);
            more |= left && refused is null;
            RecordLimit(queue, refused, now);
            RecordSlots(queue, node, left && refused is null, now);
            nextDue = Sooner(Sooner(nextDue, refused?.Until), queue.Waking.Min?.WakeAt);
        }
        return new() { Jobs = jobs, Now = now, NextDue = nextDue, More = more };
    }

    /// <summary>Takes jobs of one queue, the group that goes next first; stops where slots, room or permits end.</summary>
    /// <returns>Whether ready work is left in reach, and what permit it lacks, if it lacks one.</returns>
    private (bool Left, WaitReason? Refused) Take(QueueRow queue, NodeRow node, QueueClaim asked, int slots, List<ClaimedJob> jobs, DateTimeOffset now)
    {
        WakeGroups(queue, now);
        var gate = new LimitGate(queue, FindLimit, now);
        while (Next(queue, asked.Kinds) is { } head)
        {
            if (gate.Leave(head) is var (reason, ofGroup))
            {
                if (!ofGroup)
                {
                    return (true, reason);
                }
                Hold(head.Fair, reason, now);
                continue;
            }
            if (slots <= 0 || queue.Room <= 0)
            {
                return (true, null);
            }
            gate.Take(head);
            jobs.Add(Start(head, node, now));
            slots--;
        }
        return (false, null);
    }

    /// <summary>The first job of the group that goes next, of the kinds a node knows.</summary>
    private static JobRow? Next(QueueRow queue, IReadOnlyList<JobKind> kinds)
    {
        GroupRow? best = null;
        for (var i = 0; i < kinds.Count; i++)
        {
            if (queue.Reach.TryGetValue(kinds[i], out var reach) && reach.Min is { } first && (best is null || RowOrder.ByTag.Compare(first, best) < 0))
            {
                best = first;
            }
        }
        return best?.Head(kinds);
    }

    /// <summary>A group whose own limit has no permit leaves the reach of claims until it has one.</summary>
    private static void Hold(GroupRow group, WaitReason reason, DateTimeOffset now)
    {
        group.State.Held = reason with { Until = reason.Until ?? now + HeldPermitPoll };
        Reconsider(group, now);
    }

    /// <summary>Limits that each group has of its own are recorded with the groups.</summary>
    private void RecordLimit(QueueRow queue, WaitReason? refused, DateTimeOffset now)
    {
        foreach (var use in (queue.InForce?.Limits ?? []).Where(use => FindLimit(use.Name) is { InForce.PerGroup: false }))
        {
            queue.Blocks.Set(WaitCause.Limit, use.Name, refused is { Cause: WaitCause.Limit } limit && limit.Key == use.Name, now);
            queue.Blocks.Set(WaitCause.Breaker, use.Name, refused is { Cause: WaitCause.Breaker } breaker && breaker.Key == use.Name, now);
        }
    }

    private static DateTimeOffset? Sooner(DateTimeOffset? a, DateTimeOffset? b) => a is null || b < a ? b ?? a : a;

    /// <summary>Why ready work was left: the queue has all the jobs it may have, or the node has.</summary>
    private static void RecordSlots(QueueRow queue, NodeRow node, bool left, DateTimeOffset now)
    {
        if (queue.Ready == 0)
        {
            queue.Blocks.CloseAll(WaitCause.Slot, now);
            return;
        }
        var full = queue.Room == 0;
        queue.Blocks.Set(WaitCause.Slot, queue.Name, left && full, now);
        queue.Blocks.Set(WaitCause.Slot, node.Id.ToString(), left && !full, now);
    }

    /// <summary>
    /// A job that lost two nodes goes to a node that runs nothing, alone. When this node could run one but is busy, it is asked to make
    /// room, and no other is asked as long as it lives; a node that happens to be idle may still take the job at once.
    /// </summary>
    private ClaimResult? ClaimSolo(NodeRow node, ClaimRequest request, DateTimeOffset? nextDue, DateTimeOffset now)
    {
        var idle = request.Idle && request.Slots > 0 && node.Running.Count == 0;
        if (SoloFor(node, request, idle, now) is not { } job)
        {
            if (node.Reserved is { } given)
            {
                Unreserve(given);
            }
            return null;
        }
        job.Queue.Blocks.Set(WaitCause.Slot, node.Id.ToString(), !idle, now);
        if (idle)
        {
            new LimitGate(job.Queue, FindLimit, now).Take(job);
            return new() { Jobs = [Start(job, node, now)], Now = now, NextDue = nextDue };
        }
        Reserve(job, node);
        return new() { Jobs = [], Now = now, NextDue = nextDue, DrainForSolo = true };
    }

    private JobRow? SoloFor(NodeRow node, ClaimRequest request, bool idle, DateTimeOffset now)
    {
        foreach (var asked in request.Queues)
        {
            if (!_queues.TryGetValue(asked.Queue, out var queue) || queue.Paused || queue.Solo.Count == 0)
            {
                continue;
            }
            foreach (var job in queue.Solo)
            {
                var elsewhere = job.ReservedFor is { } other && other != node && other.HoldsLease(now);
                var room = job.ReservedFor is null ? queue.Room > 0 : !queue.IsFull;
                if (room && (idle || !elsewhere) && asked.Kinds.Contains(job.Kind) && FlowReason(job, now) is null)
                {
                    return job;
                }
            }
        }
        return null;
    }

    private static void Reserve(JobRow job, NodeRow node)
    {
        if (job.ReservedFor == node)
        {
            return;
        }
        Unreserve(job);
        if (node.Reserved is { } earlier)
        {
            Unreserve(earlier);
        }
        (job.ReservedFor, node.Reserved) = (node, job);
        job.Queue.Reserved++;
    }

    private static void Unreserve(JobRow job)
    {
        if (job.ReservedFor is { } node)
        {
            (job.ReservedFor, node.Reserved) = (null, null);
            job.Queue.Reserved--;
        }
    }

    private static ClaimedJob Start(JobRow job, NodeRow node, DateTimeOffset now)
    {
        TakeOutOfReach(job, now);
        Move(job, JobStatus.Processing);
        job.Fence++;
        job.Node = node;
        job.StartedAt = now;
        job.Progress = null;
        node.Running.Add(job);
        Bound(job.Attempts);
        job.Attempts.Add(new()
        {
            Number = job.Spent + 1,
            Fence = job.Fence,
            Node = node.Id,
            ReadyAt = job.ReadyAt,
            ClaimedAt = now,
            StartedAt = now,
        });
        ChargeGroup(job, now);
        if (job.Batch is { Job: { StartedAt: null } header })
        {
            (header.StartedAt, header.Status) = (now, JobStatus.Processing);
        }
        return ToClaimed(job);
    }

    private static ClaimedJob ToClaimed(JobRow job) => new()
    {
        Key = new(job.Id, job.Fence),
        Queue = job.Queue.Name,
        Kind = job.Kind,
        Payload = job.Payload,
        Attempt = job.Spent + 1,
        Priority = job.Priority,
        Group = job.Group,
        Batch = job.Batch?.Job.Id,
        Item = job.Batch is null ? null : job.Item,
        Parent = job.Parent,
        Timeout = job.Timeout,
        Retries = job.Retries,
        Then = job.Then,
        Deadline = job.Deadline,
        ScheduledFor = job.ScheduledFor,
        ReadyAt = job.ReadyAt,
        Solo = job.IsSolo,
        TraceParent = job.TraceParent,
    };

    private int Reconcile(NodeId id, long sequence, IReadOnlyCollection<AttemptKey> held, DateTimeOffset now)
    {
        if (Member(id) is not { } node || sequence < node.LastSequence)
        {
            return 0;
        }
        (node.LastSequence, node.Reconciled) = (sequence, sequence);
        var keep = held.ToHashSet();
        var lost = node.Running.Where(job => !keep.Contains(new(job.Id, job.Fence))).ToList();
        foreach (var job in lost)
        {
            TakeBack(job, AttemptOutcome.HandedBack, GivenBack(job), now);
        }
        return lost.Count;
    }
}
