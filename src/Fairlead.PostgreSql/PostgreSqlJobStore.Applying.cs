using Fairlead.Storage;

namespace Fairlead.PostgreSql;

public sealed partial class PostgreSqlJobStore
{
    /// <inheritdoc />
    public ValueTask<IReadOnlyList<ApplyResult>> ApplyAsync(NodeId node, IReadOnlyList<JobTransition> transitions, CancellationToken cancellationToken = default) =>
        WriteAsync(session => Apply(session, node.Value, transitions), cancellationToken, transitions.Count);

    /// <inheritdoc />
    public ValueTask ReleaseAbandonedAsync(NodeId node, AttemptKey attempt, CancellationToken cancellationToken = default) =>
        WriteAsync(session => session.ReleaseAbandoned(attempt.Job.Value, attempt.Fence, node.Value), cancellationToken);

    private IReadOnlyList<ApplyResult> Apply(Session session, long node, IReadOnlyList<JobTransition> transitions)
    {
        var answers = new ApplyResult[transitions.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            answers[i] = Apply(session, node, transitions[i]);
        }
        return answers;
    }

    private ApplyResult Apply(Session session, long node, JobTransition transition)
    {
        var (id, fence) = (transition.Attempt.Job.Value, transition.Attempt.Fence);
        var row = session.Sql["running"].Add(node).Add(id);
        if (row.Step() && row.Long(1) == fence)
        {
            var job = RunningJob.Read(row, 0, node, id);
            End(session, job, transition);
            logs.Forget(transition.Attempt);
            return ApplyResult.Applied;
        }
        if (session.Sql["attempt_was_applied"].Add(id).Add(fence).Add(node).Add(Session.Recorded(transition)).Any())
        {
            return ApplyResult.AlreadyApplied;
        }
        session.Raise("stale_refused");
        return ApplyResult.Stale;
    }

    private static void End(Session session, in RunningJob job, JobTransition transition)
    {
        var settlement = Settle(session, job, transition);
        if (transition.Abandoned)
        {
            session.Sql["add_abandoned"].Add(job.Place.Job).Add(job.Place.Fence).Add(job.Node).Add(job.Place.Queue).Add(job.Group == 0 ? null : (long?)job.Group).Run();
            session.Raise("abandoned");
        }
        if (settlement.Status == JobStatus.Processing)
        {
            session.Branch(job, transition);
            return;
        }
        session.EndAttempt(job, AttemptEnd.Of(transition), settlement);
        // After its end: a job may enqueue its successor under its own unique key.
        session.AddAll(transition.Children is null ? transition.Enqueue : []);
        if (settlement.Status == JobStatus.Completed)
        {
            session.AddFollowing(job, transition.Result);
        }
    }

    private static Settlement Settle(Session session, in RunningJob job, JobTransition transition)
    {
        // The many that end for good on a queue without a budget need no deadline, and so no look at the job.
        var facts = session.Facts(job.Place.Queue);
        var share = transition.CostsAttempt ? facts.Definition?.RetryBudget : null;
        if (share is not null && job.Place.Attempt == 1)
        {
            facts.Budget = facts.Budget.Deposit(share.Value);
            facts.BudgetChanged = true;
        }
        if (transition.To.IsEnded())
        {
            return Settlement.Of(transition, job.Cancelling, session.Time, DateTimeOffset.MaxValue);
        }
        var deadline = session.DeadlineOf(job.Place.Job);
        var asked = Settlement.Of(transition, job.Cancelling, session.Time, deadline);
        if (share is null || asked.Status.IsEnded() || asked.Status == JobStatus.Processing)
        {
            return asked;
        }
        var (rest, notBefore) = facts.Budget.Take(session.Time);
        var paced = Settlement.Of(transition, job.Cancelling, session.Time, deadline, notBefore);
        if (!paced.Status.IsEnded())
        {
            facts.Budget = rest;
            facts.BudgetChanged = true;
        }
        return paced;
    }
}
