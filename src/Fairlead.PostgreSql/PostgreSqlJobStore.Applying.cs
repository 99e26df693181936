using Fairlead.Storage;

namespace Fairlead.PostgreSql;

public sealed partial class PostgreSqlJobStore
{
    // The queues whose attempts ended last: those of the next ones, nearly always.
    private IReadOnlyList<long> endedIn = [];

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<ApplyResult>> ApplyAsync(NodeId node, IReadOnlyList<JobTransition> transitions, CancellationToken cancellationToken = default)
    {
        EndingAttempts? asked = null;
        return WriteAsync(
            session => Apply(session, node.Value, transitions, Interlocked.Exchange(ref asked, null) ?? new(node.Value, transitions, endedIn)),
            cancellationToken, transitions.Count,
            sql => (asked = new(node.Value, transitions, endedIn)).Ask(sql));
    }

    /// <inheritdoc />
    public ValueTask ReleaseAbandonedAsync(NodeId node, AttemptKey attempt, CancellationToken cancellationToken = default) =>
        WriteAsync(session => session.ReleaseAbandoned(attempt.Job.Value, attempt.Fence, node.Value), cancellationToken);

    private IReadOnlyList<ApplyResult> Apply(Session session, long node, IReadOnlyList<JobTransition> transitions, EndingAttempts attempts)
    {
        attempts.Read(session);
        endedIn = attempts.Queues;
        var answers = new ApplyResult[transitions.Count];
        var unknown = new List<int>();
        for (var i = 0; i < answers.Length; i++)
        {
            if (attempts.Take(transitions[i].Attempt) is { } job)
            {
                End(session, job, transitions[i]);
                logs.Forget(transitions[i].Attempt);
            }
            else
            {
                unknown.Add(i);
            }
        }
        Refuse(session, node, transitions, unknown, answers);
        return answers;
    }

    /// <summary>What the node does not hold was applied before, or comes too late.</summary>
    private static void Refuse(Session session, long node, IReadOnlyList<JobTransition> transitions, List<int> unknown, ApplyResult[] answers)
    {
        if (unknown.Count == 0)
        {
            return;
        }
        var rows = new Rows();
        foreach (var i in unknown)
        {
            var (job, fence) = transitions[i].Attempt;
            rows.Add(i).Add(job.Value).Add(fence).Add(Session.Recorded(transitions[i])).End();
            answers[i] = ApplyResult.Stale;
        }
        var before = rows.To(session.Sql["applied_before"].Add(node));
        while (before.Step())
        {
            answers[before.Int(0)] = ApplyResult.AlreadyApplied;
        }
        var stale = unknown.Count(i => answers[i] == ApplyResult.Stale);
        if (stale > 0)
        {
            session.Raise("stale_refused", stale);
        }
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
