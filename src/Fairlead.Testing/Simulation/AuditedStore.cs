using Fairlead.Storage;

namespace Fairlead.Testing.Simulation;

/// <summary>Stands before the shared store, behind every fault: what passes here happens, and the auditor sees it with its answer.</summary>
internal sealed class AuditedStore(IJobStore inner, Auditor auditor, SimulatedNode? owner) : DelegatingJobStore(inner)
{
    public override async ValueTask<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken = default)
    {
        var answers = await Inner.EnqueueAsync(jobs, cancellationToken);
        await auditor.StepAsync(() => auditor.Enqueued(jobs, answers));
        return answers;
    }

    public override async ValueTask<JobId> EnqueueBatchAsync(NewBatch batch, CancellationToken cancellationToken = default)
    {
        var id = await Inner.EnqueueBatchAsync(batch, cancellationToken);
        await auditor.StepAsync(() => auditor.BatchEnqueued(batch, id));
        return id;
    }

    public override async ValueTask<NodeLease> JoinAsync(NodeRegistration registration, CancellationToken cancellationToken = default)
    {
        var lease = await Inner.JoinAsync(registration, cancellationToken);
        await auditor.StepAsync(() => auditor.Joined(owner!, registration, lease));
        return lease;
    }

    public override async ValueTask<HeartbeatReply> HeartbeatAsync(NodeId node, CancellationToken cancellationToken = default)
    {
        var reply = await Inner.HeartbeatAsync(node, cancellationToken);
        await auditor.StepAsync(() => auditor.Heard(node, reply));
        return reply;
    }

    public override async ValueTask<ClaimResult> ClaimAsync(ClaimRequest request, CancellationToken cancellationToken = default)
    {
        var result = await Inner.ClaimAsync(request, cancellationToken);
        await auditor.StepAsync(() => auditor.Claimed(request, result));
        return result;
    }

    public override async ValueTask<int> ReconcileAsync(NodeId node, long sequence, IReadOnlyCollection<AttemptKey> held, CancellationToken cancellationToken = default)
    {
        var count = await Inner.ReconcileAsync(node, sequence, held, cancellationToken);
        await auditor.StepAsync(() => auditor.Reconciled(node, sequence, held, count));
        return count;
    }

    public override async ValueTask<IReadOnlyList<ApplyResult>> ApplyAsync(NodeId node, IReadOnlyList<JobTransition> transitions, CancellationToken cancellationToken = default)
    {
        var answers = await Inner.ApplyAsync(node, transitions, cancellationToken);
        await auditor.StepAsync(() => auditor.Applied(node, transitions, answers));
        return answers;
    }

    public override async ValueTask ReleaseAbandonedAsync(NodeId node, AttemptKey attempt, CancellationToken cancellationToken = default)
    {
        await Inner.ReleaseAbandonedAsync(node, attempt, cancellationToken);
        await auditor.StepAsync(() => auditor.AbandonedReleased(node, attempt));
    }

    public override async ValueTask LeaveAsync(NodeId node, CancellationToken cancellationToken = default)
    {
        await Inner.LeaveAsync(node, cancellationToken);
        await auditor.StepAsync(() => auditor.Left(node));
    }

    public override async ValueTask PauseAsync(string queue, CancellationToken cancellationToken = default)
    {
        await Inner.PauseAsync(queue, cancellationToken);
        await auditor.StepAsync(() => auditor.Paused(queue, true));
    }

    public override async ValueTask ResumeAsync(string queue, CancellationToken cancellationToken = default)
    {
        await Inner.ResumeAsync(queue, cancellationToken);
        await auditor.StepAsync(() => auditor.Paused(queue, false));
    }

    public override async ValueTask<QueueDefinition?> ChangeQueueAsync(string queue, QueueChange? change, CancellationToken cancellationToken = default)
    {
        var inForce = await Inner.ChangeQueueAsync(queue, change, cancellationToken);
        await auditor.StepAsync(() => auditor.Changed(queue, change, inForce));
        return inForce;
    }

    public override async ValueTask<CancelResult?> CancelAsync(JobId job, CancellationToken cancellationToken = default)
    {
        var result = await Inner.CancelAsync(job, cancellationToken);
        await auditor.StepAsync(() => auditor.Cancelled(job, result));
        return result;
    }

    public override async ValueTask<int?> RetryAsync(JobId job, CancellationToken cancellationToken = default)
    {
        var result = await Inner.RetryAsync(job, cancellationToken);
        await auditor.StepAsync(() => auditor.Retried(job, result));
        return result;
    }

    public override async ValueTask<RescueResult> RescueAsync(CancellationToken cancellationToken = default)
    {
        var result = await Inner.RescueAsync(cancellationToken);
        await auditor.StepAsync(() => auditor.Rescued(result));
        return result;
    }

    public override async ValueTask<int> ExpireAsync(int limit = 1000, CancellationToken cancellationToken = default)
    {
        var count = await Inner.ExpireAsync(limit, cancellationToken);
        await auditor.StepAsync(() => auditor.Expired(count));
        return count;
    }
}
