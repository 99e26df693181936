using Fairlead.Diagnostics;
using Fairlead.Storage.InMemory;

namespace Fairlead.Storage;

public sealed partial class InMemoryJobStore
{
    private readonly LogBounds _logBounds = new();

    /// <inheritdoc />
    public ValueTask<NodeLease> JoinAsync(NodeRegistration registration, CancellationToken cancellationToken = default) =>
        CommitAsync(now => Join(registration, now), cancellationToken);

    /// <inheritdoc />
    public ValueTask DeclareAsync(NodeId node, NodeRegistration registration, CancellationToken cancellationToken = default) =>
        CommitAsync(now => Declare(node, registration, now), cancellationToken);

    /// <inheritdoc />
    public ValueTask ReportPoolsAsync(NodeId node, IReadOnlyList<PoolReport> pools, CancellationToken cancellationToken = default) =>
        CommitAsync(now => ReportPools(node, pools, now), cancellationToken);

    /// <inheritdoc />
    public ValueTask<HeartbeatReply> HeartbeatAsync(NodeId node, CancellationToken cancellationToken = default) =>
        CommitAsync(now => Heartbeat(node, now), cancellationToken);

    /// <inheritdoc />
    public ValueTask LeaveAsync(NodeId node, CancellationToken cancellationToken = default) =>
        CommitAsync(now => Leave(node, now), cancellationToken);

    /// <inheritdoc />
    public ValueTask ReleaseAbandonedAsync(NodeId node, AttemptKey attempt, CancellationToken cancellationToken = default) =>
        CommitAsync(now => ReleaseAbandoned(node, attempt, now), cancellationToken);

    /// <inheritdoc />
    public ValueTask ReportProgressAsync(NodeId node, IReadOnlyList<ProgressReport> reports, CancellationToken cancellationToken = default) =>
        CommitAsync(_ => ReportProgress(node, reports), cancellationToken);

    /// <inheritdoc />
    public ValueTask AppendLogAsync(IReadOnlyList<JobLogLine> lines, CancellationToken cancellationToken = default) =>
        CommitAsync(_ => AppendLog(lines), cancellationToken);

    private NodeLease Join(NodeRegistration registration, DateTimeOffset now)
    {
        RequireAgreement(registration, null, now);
        var node = new NodeRow(new(++_lastNode), registration, now);
        _nodes.Add(node.Id.Value, node);
        Define(registration, now);
        return new(node.Id, now);
    }

    private void Declare(NodeId id, NodeRegistration registration, DateTimeOffset now)
    {
        if (Member(id) is not { } node || !node.HoldsLease(now))
        {
            return;
        }
        RequireAgreement(registration, node, now);
        var before = node.Registration;
        node.Registration = registration with { Name = before.Name, Lease = before.Lease };
        if (node.Reserved is { } reserved)
        {
            // It may no longer serve it; if it does, its next claim is asked again.
            Unreserve(reserved);
        }
        Define(registration, now);
        StopServing(node, before.Queues, now);
        Signal(StoreSignals.Control | StoreSignals.Work);
    }

    private void Define(NodeRegistration registration, DateTimeOffset now)
    {
        Declare(registration.Limits, now);
        Declare(registration.Schedules, now);
        foreach (var served in registration.Queues)
        {
            var queue = QueueNamed(served.Definition.Name);
            if (queue.Declared != served.Definition)
            {
                Define(queue, served.Definition, queue.Change, now);
            }
            foreach (var kind in served.Kinds)
            {
                queue.Blocks.Set(WaitCause.NoNode, kind.ToString(), false, now);
            }
        }
    }

    /// <summary>Something else is in force from now on: who it blocks is looked at anew.</summary>
    private static void Define(QueueRow queue, QueueDefinition? declared, QueueChange? change, DateTimeOffset now)
    {
        queue.Define(declared, change);
        foreach (var group in queue.Groups.Values)
        {
            Reconsider(group, now);
        }
        if (!queue.IsFull)
        {
            queue.Blocks.Set(WaitCause.Slot, queue.Name, false, now);
        }
    }

    /// <summary>All that a node wants must fit what other live nodes hold.</summary>
    private void RequireAgreement(NodeRegistration registration, NodeRow? itself, DateTimeOffset now)
    {
        foreach (var limit in registration.Limits)
        {
            RequireAgreement(limit, itself, now);
        }
        foreach (var served in registration.Queues)
        {
            RequireAgreement(served.Definition, itself, now);
            RequireLimits(served.Definition, registration.Limits);
        }
        foreach (var schedule in registration.Schedules)
        {
            RequireAgreement(schedule, itself, now);
        }
    }

    private void RequireAgreement(QueueDefinition wanted, NodeRow? itself, DateTimeOffset now)
    {
        if (!_queues.TryGetValue(wanted.Name, out var queue) || queue.Declared is not { } held || held == wanted)
        {
            return;
        }
        foreach (var node in _nodes.Values)
        {
            if (node != itself && node.HoldsLease(now) && node.Serves(wanted.Name))
            {
                throw new StoreMismatchException(
                    $"Queue '{wanted.Name}' is held by node '{node.Registration.Name}' as {held}, but this node declares {wanted}. Stop that node first, or declare the same.");
            }
        }
    }

    private HeartbeatReply Heartbeat(NodeId id, DateTimeOffset now)
    {
        if (Member(id) is not { Killed: false } node)
        {
            return new(false, now, []);
        }
        node.HeartbeatAt = now;
        List<AttemptKey>? cancel = null;
        foreach (var job in node.Running)
        {
            if (job.CancelRequested)
            {
                (cancel ??= []).Add(new(job.Id, job.Fence));
            }
            ChargeOverrun(job, now);
        }
        return new(true, now, cancel ?? [])
        {
            LiveNodes = _nodes.Values.Count(n => n.HoldsLease(now)), Ailing = Ailing(node, now), EndWorkers = [.. node.ToEnd], Changed = Changed(node),
        };
    }

    private List<QueueDefinition> Changed(NodeRow node)
    {
        var changed = new List<QueueDefinition>();
        foreach (var served in node.Registration.Queues)
        {
            if (QueueNamed(served.Definition.Name) is { Change: not null, InForce: { } definition })
            {
                changed.Add(definition);
            }
        }
        return changed;
    }

    private void ReportPools(NodeId id, IReadOnlyList<PoolReport> pools, DateTimeOffset now)
    {
        if (Member(id) is { } node && node.HoldsLease(now))
        {
            node.Pools = [.. pools.OrderBy(static pool => pool.Queue, StringComparer.Ordinal)];
            node.ToEnd.IntersectWith(WorkersOf(node));
        }
    }

    private static IEnumerable<string> WorkersOf(NodeRow node) => node.Pools.SelectMany(static pool => pool.Workers).Select(static worker => worker.Id);

    private List<string> Ailing(NodeRow node, DateTimeOffset now)
    {
        var ailing = new List<string>();
        foreach (var served in node.Registration.Queues)
        {
            if (_queues.TryGetValue(served.Definition.Name, out var queue) && queue.Outage.OpenUntil > now)
            {
                ailing.Add(queue.Name);
            }
        }
        return ailing;
    }

    private void Leave(NodeId id, DateTimeOffset now)
    {
        if (Member(id) is not { } node)
        {
            return;
        }
        foreach (var job in node.Running.ToList())
        {
            TakeBack(job, AttemptOutcome.HandedBack, GivenBack(job), now);
        }
        EndMembership(node, now);
    }

    /// <summary>What leaving and dying have in common.</summary>
    private void EndMembership(NodeRow node, DateTimeOffset now)
    {
        node.LeftAt = now;
        ReleaseAbandoned(node, static _ => true, now);
        ReleaseHeld(node, static _ => true);
        if (node.Reserved is { } reserved)
        {
            Unreserve(reserved);
        }
        node.Pools = [];
        node.ToEnd.Clear();
        StopServing(node, node.Registration.Queues, now);
        Signal(StoreSignals.Control);
    }

    /// <summary>What a node served once may be served by nobody now, and lacks none of its slots any more.</summary>
    private void StopServing(NodeRow node, IReadOnlyList<ServedQueue> once, DateTimeOffset now)
    {
        foreach (var served in once)
        {
            var queue = QueueNamed(served.Definition.Name);
            if (!node.IsMember || !node.Serves(queue.Name))
            {
                queue.Blocks.Set(WaitCause.Slot, node.Id.ToString(), false, now);
                queue.Blocks.Set(WaitCause.Slot, queue.Name, queue.Ready > 0 && queue.Room == 0 && queue.Blocks.Find(WaitCause.Slot) is not null, now);
            }
            foreach (var kind in served.Kinds)
            {
                RecordNoNode(queue, kind, now);
            }
        }
    }

    /// <summary>The first time a queue sees a kind, it is noted whether anybody could run it.</summary>
    private void NoteKind(QueueRow queue, JobKind kind, DateTimeOffset now)
    {
        if (!queue.Kinds.Contains(kind))
        {
            queue.Kinds.Add(kind);
            RecordNoNode(queue, kind, now);
        }
    }

    private void RecordNoNode(QueueRow queue, JobKind kind, DateTimeOffset now)
    {
        if (queue.Kinds.Contains(kind))
        {
            queue.Blocks.Set(WaitCause.NoNode, kind.ToString(), !IsServed(queue, kind), now);
        }
    }

    private bool IsServed(QueueRow queue, JobKind kind)
    {
        foreach (var node in _nodes.Values)
        {
            if (node.IsMember && node.Serves(queue, kind))
            {
                return true;
            }
        }
        return false;
    }

    private void ReleaseAbandoned(NodeId id, AttemptKey attempt, DateTimeOffset now)
    {
        if (Member(id) is { } node)
        {
            ReleaseAbandoned(node, a => a.Job.Id == attempt.Job && a.Fence == attempt.Fence, now);
        }
    }

    private void ReportProgress(NodeId node, IReadOnlyList<ProgressReport> reports)
    {
        foreach (var report in reports)
        {
            if (Held(node, report.Attempt) is { } job)
            {
                job.Progress = new(report.Processed, report.Total);
            }
        }
    }

    private void AppendLog(IReadOnlyList<JobLogLine> lines)
    {
        foreach (var line in lines)
        {
            if (_jobs.Find(line.Attempt.Job) is not { AsBatch: null } job)
            {
                continue;
            }
            if (_logBounds.Admit(line) is { } message)
            {
                (job.Log ??= []).Add(new(++_lastLine, line with { Message = message }));
            }
        }
    }

    /// <summary>The process of a node is gone: for the fixtures of tests, which cannot end a process inside this one.</summary>
    internal void Kill(NodeId id)
    {
        lock (_gate)
        {
            if (Member(id) is { } node)
            {
                node.Killed = true;
            }
        }
    }
}
