using Fairlead.Storage.InMemory;

namespace Fairlead.Storage;

public sealed partial class InMemoryJobStore
{
    /// <inheritdoc />
    public ValueTask<IReadOnlyList<ApplyResult>> ApplyAsync(NodeId node, IReadOnlyList<JobTransition> transitions, CancellationToken cancellationToken = default) =>
        CommitAsync(now => Apply(node, transitions, now), cancellationToken);

    private IReadOnlyList<ApplyResult> Apply(NodeId node, IReadOnlyList<JobTransition> transitions, DateTimeOffset now)
    {
        var answers = new ApplyResult[transitions.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            answers[i] = Apply(node, transitions[i], now);
        }
        return answers;
    }

    private ApplyResult Apply(NodeId node, JobTransition transition, DateTimeOffset now)
    {
        var job = Held(node, transition.Attempt);
        if (job is not null)
        {
            EndAttempt(job, transition, now);
            _logBounds.Forget(transition.Attempt);
            return ApplyResult.Applied;
        }
        if (WasApplied(node, transition))
        {
            return ApplyResult.AlreadyApplied;
        }
        _staleRefused++;
        return ApplyResult.Stale;
    }

    /// <summary>The job of an attempt that still holds it.</summary>
    private JobRow? Held(NodeId node, AttemptKey attempt) =>
        _jobs.Find(attempt.Job) is { Status: JobStatus.Processing, Node: { } holder } job && holder.Id == node && job.Fence == attempt.Fence ? job : null;

    private bool WasApplied(NodeId node, JobTransition transition)
    {
        var attempts = _jobs.Find(transition.Attempt.Job)?.Attempts;
        var attempt = attempts?.FindLast(a => a.Fence == transition.Attempt.Fence);
        return attempt is { Applied: true } && attempt.Node == node
            && (attempt.Branched ? transition.Children is not null : attempt.Outcome == transition.Outcome);
    }

    private void EndAttempt(JobRow job, JobTransition transition, DateTimeOffset now)
    {
        var settlement = Settle(job, transition, now);
        if (settlement.Status == JobStatus.Processing)
        {
            Branch(job, transition, now);
        }
        else
        {
            EndAttempt(job, transition, settlement, now);
        }
        // After its end: a job may enqueue its successor under its own unique key.
        foreach (var next in job.Status == JobStatus.Cancelled ? [] : transition.Enqueue)
        {
            Add(next, now);
        }
        if (settlement.Status == JobStatus.Completed)
        {
            Follow(job, now);
        }
    }

    private void EndAttempt(JobRow job, JobTransition transition, Settlement settlement, DateTimeOffset now)
    {
        var attempt = job.Attempts[^1];
        (attempt.StartedAt, attempt.EndedAt, attempt.Outcome) = (transition.StartedAt, transition.EndedAt, transition.Outcome);
        (attempt.Error, attempt.Applied) = (transition.Error, true);
        job.Spent += transition.CostsAttempt ? 1 : 0;
        job.StartedAt = transition.StartedAt;
        job.LastOutcome = transition.Outcome;
        if (transition.Abandoned)
        {
            Abandon(job);
        }
        else
        {
            ReleaseHeld(job.Node!, held => held.Attempt == transition.Attempt);
        }
        JudgeGroup(job, transition.BreakerVerdict, now);
        SettleGroup(job, transition.Ran, learns: transition.BreakerVerdict is not null, transition.Abandoned, now);
        if (settlement.Status == JobStatus.Completed)
        {
            job.Result = Kept(transition.Result);
        }
        Go(job, settlement, now);
    }

    /// <summary>What follows a job that completed.</summary>
    private void Follow(JobRow job, DateTimeOffset now)
    {
        if (job.Status == JobStatus.Completed && (job.Then ?? job.Queue.InForce?.Then) is { } then)
        {
            Add(NewJobRules.Following(NextStep(job, then), job.Group, QueueNamed(then.Queue).InForce), now);
        }
    }

    private static NewJob NextStep(JobRow job, NextStep then) => new()
    {
        Queue = then.Queue,
        Kind = then.Kind,
        Payload = job.Result,
        Priority = job.Priority,
        Parent = job.Id,
        TraceParent = job.TraceParent,
    };

    private static Settlement Settle(JobRow job, JobTransition transition, DateTimeOffset now)
    {
        var asked = Settlement.Of(transition, job.CancelRequested, now, job.Deadline);
        if (job.Queue.InForce?.RetryBudget is not { } share || !transition.CostsAttempt)
        {
            return asked;
        }
        var budget = job.Spent == 0 ? job.Queue.Budget.Deposit(share) : job.Queue.Budget;
        job.Queue.Budget = budget;
        if (asked.Status.IsEnded() || asked.Status == JobStatus.Processing)
        {
            return asked;
        }
        var (rest, notBefore) = budget.Take(now);
        var paced = Settlement.Of(transition, job.CancelRequested, now, job.Deadline, notBefore);
        job.Queue.Budget = paced.Status.IsEnded() ? budget : rest;
        return paced;
    }

    private void Go(JobRow job, Settlement settlement, DateTimeOffset now)
    {
        job.Error = settlement.Error;
        switch (settlement.Status)
        {
            case JobStatus.Queued:
                Requeue(job, now);
                break;
            case JobStatus.Scheduled:
                StopRunning(job);
                Schedule(job, settlement.DueAt!.Value, settlement.WaitsFor, now);
                FreePlace(job, now);
                break;
            default:
                End(job, settlement.Status, settlement.Error, now);
                break;
        }
    }

    /// <summary>The store takes a job from its node; whatever that node says about this attempt later is stale.</summary>
    private void TakeBack(JobRow job, AttemptOutcome outcome, Settlement settlement, DateTimeOffset now)
    {
        var attempt = job.Attempts[^1];
        (attempt.EndedAt, attempt.Outcome, attempt.Error) = (now, outcome, settlement.Error);
        job.LastOutcome = outcome;
        ReleaseHeld(job.Node!, held => held.Attempt == new AttemptKey(job.Id, job.Fence));
        SettleGroup(job, now - attempt.ClaimedAt, learns: false, abandoned: false, now);
        Go(job, settlement, now);
    }

    private static Settlement GivenBack(JobRow job) => job.CancelRequested
        ? new(JobStatus.Cancelled, null, default, "Cancelled while it ran.")
        : new(JobStatus.Queued, null, default, "Its node gave it back.");

    /// <summary>If all items have ended: the end of the batch, and its finalize job, exactly once in this generation.</summary>
    private void EndIfLast(BatchRow batch, DateTimeOffset now)
    {
        if (batch.Tally.Ended != batch.Definition.Items.Count)
        {
            return;
        }
        var header = batch.Job;
        header.Status = EndOf(batch);
        header.EndedAt = now;
        header.CancelRequested = false;
        EndedLike(header).Add(header);
        if (batch.Definition.Finalize is { } finalize)
        {
            batch.FinalizeJob = Add(finalize, now, parent: header.Id).Id;
        }
        HasEnded(header, now);
    }

    private static JobStatus EndOf(BatchRow batch) => batch.Job.CancelRequested && batch.Tally.Cancelled > 0 ? JobStatus.Cancelled
        : batch.Definition.FailOnError && batch.Tally.Failed > 0 ? JobStatus.Failed
        : JobStatus.Completed;

    private void Abandon(JobRow job)
    {
        var node = job.Node!;
        node.Abandoned.Add(new(job, job.Fence, node, job.Holds));
        job.Abandoned++;
        job.Queue.Abandoned++;
        _abandoned++;
    }

    private void ReleaseAbandoned(NodeRow node, Predicate<AbandonedAttempt> which, DateTimeOffset now)
    {
        foreach (var ended in node.Abandoned.FindAll(which))
        {
            node.Abandoned.Remove(ended);
            ended.Job.Abandoned--;
            ended.Job.Queue.Abandoned--;
            var group = ended.Job.Queue.GroupNamed(ended.Job.Group);
            group.State.InFlight--;
            group.State.Held = ended.Holds is null ? group.State.Held : null;
            Reconsider(group, now);
            Release(ended.Holds);
            ReleaseHeld(node, held => held.Attempt == new AttemptKey(ended.Job.Id, ended.Fence));
            Signal(StoreSignals.Work);
            FreeUniqueKey(ended.Job);
        }
    }
}
