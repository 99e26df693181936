using Fairlead.Storage;

namespace Fairlead.Testing.Simulation;

/// <summary>Stands before the shared store, behind every fault: what passes here happens, and the auditor sees it with its answer.</summary>
internal sealed class AuditedStore(IJobStore inner, Auditor auditor, SimulatedNode? owner) : DelegatingJobStore(inner)
{
    public override async ValueTask<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken = default)
    {
        var answers = await Inner.EnqueueAsync(jobs, cancellationToken);
        auditor.Step(() => auditor.Enqueued(jobs, answers));
        return answers;
    }

    public override async ValueTask<JobId> EnqueueBatchAsync(NewBatch batch, CancellationToken cancellationToken = default)
    {
        var id = await Inner.EnqueueBatchAsync(batch, cancellationToken);
        auditor.Step(() => auditor.BatchEnqueued(batch, id));
        return id;
    }

    public override async ValueTask<NodeLease> JoinAsync(NodeRegistration registration, CancellationToken cancellationToken = default)
    {
        var lease = await Inner.JoinAsync(registration, cancellationToken);
        auditor.Step(() => auditor.Joined(owner!, registration, lease));
        return lease;
    }

    public override async ValueTask<HeartbeatReply> HeartbeatAsync(NodeId node, CancellationToken cancellationToken = default)
    {
        var reply = await Inner.HeartbeatAsync(node, cancellationToken);
        auditor.Step(() => auditor.Heard(node, reply));
        return reply;
    }

    public override async ValueTask<ClaimResult> ClaimAsync(ClaimRequest request, CancellationToken cancellationToken = default)
    {
        var result = await Inner.ClaimAsync(request, cancellationToken);
        auditor.Step(() => auditor.Claimed(request, result));
        return result;
    }

    public override async ValueTask<int> ReconcileAsync(NodeId node, long sequence, IReadOnlyCollection<AttemptKey> held, CancellationToken cancellationToken = default)
    {
        var count = await Inner.ReconcileAsync(node, sequence, held, cancellationToken);
        auditor.Step(() => auditor.Reconciled(node, sequence, held, count));
        return count;
    }

    public override async ValueTask<IReadOnlyList<ApplyResult>> ApplyAsync(NodeId node, IReadOnlyList<JobTransition> transitions, CancellationToken cancellationToken = default)
    {
        var answers = await Inner.ApplyAsync(node, transitions, cancellationToken);
        auditor.Step(() => auditor.Applied(node, transitions, answers));
        return answers;
    }

    public override async ValueTask ReleaseAbandonedAsync(NodeId node, AttemptKey attempt, CancellationToken cancellationToken = default)
    {
        await Inner.ReleaseAbandonedAsync(node, attempt, cancellationToken);
        auditor.Step(() => auditor.AbandonedReleased(node, attempt));
    }

    public override async ValueTask LeaveAsync(NodeId node, CancellationToken cancellationToken = default)
    {
        await Inner.LeaveAsync(node, cancellationToken);
        auditor.Step(() => auditor.Left(node));
    }

    public override async ValueTask PauseAsync(string queue, CancellationToken cancellationToken = default)
    {
        await Inner.PauseAsync(queue, cancellationToken);
        auditor.Step(() => auditor.Paused(queue, true));
    }

    public override async ValueTask ResumeAsync(string queue, CancellationToken cancellationToken = default)
    {
        await Inner.ResumeAsync(queue, cancellationToken);
        auditor.Step(() => auditor.Paused(queue, false));
    }

    public override async ValueTask<CancelResult?> CancelAsync(JobId job, CancellationToken cancellationToken = default)
    {
        var result = await Inner.CancelAsync(job, cancellationToken);
        auditor.Step(() => auditor.Cancelled(job, result));
        return result;
    }

    public override async ValueTask<int?> RetryAsync(JobId job, CancellationToken cancellationToken = default)
    {
        var result = await Inner.RetryAsync(job, cancellationToken);
        auditor.Step(() => auditor.Retried(job, result));
        return result;
    }

    public override async ValueTask<RescueResult> RescueAsync(CancellationToken cancellationToken = default)
    {
        var result = await Inner.RescueAsync(cancellationToken);
        auditor.Step(() => auditor.Rescued(result));
        return result;
    }

    public override async ValueTask<int> ExpireAsync(int limit = 1000, CancellationToken cancellationToken = default)
    {
        var count = await Inner.ExpireAsync(limit, cancellationToken);
        auditor.Step(() => auditor.Expired(count));
        return count;
    }
}
