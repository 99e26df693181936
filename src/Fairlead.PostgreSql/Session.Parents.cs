using Fairlead.Batches;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>Jobs that have become parents: the store carries their attempts, as if it were their node, until their children have ended.</summary>
internal sealed partial class Session
{
    /// <summary>The node of what the store carries; no node that joins has this id.</summary>
    public const long Store = 0;

    /// <summary>What is recorded of how an attempt ended.</summary>
    public static long Recorded(JobTransition transition) => (long)transition.Outcome | (transition.Children is null ? 0 : Branched);

    /// <summary>An attempt leaves the rest to children; without any it completes at once.</summary>
    public void Branch(in RunningJob job, JobTransition transition)
    {
        var end = AttemptEnd.Of(transition);
        // Whether it asks for that or not: nobody is there to be told of an error.
        Sieve(transition.Children! with { LeaveOutHeld = true }, out var leftOut);
        var batch = AddChildren(transition.Children!, job.Place.Job, leftOut);
        statements["add_parent"].Add(job.Place.Job).Add(job.Place.Fence).Add(batch).Add(job.Node).Add(end.StartedAt).Add(leftOut.Count).Run();
        if (batch is null)
        {
            Complete(job, end with { EndedAt = Now }, ChildrenResult.Write(null, default, leftOut.Count));
        }
        else
        {
            Carry(job);
        }
        AddAll(transition.Enqueue);
    }

    /// <summary>An attempt completed: its job ends, and what follows it begins.</summary>
    public void Complete(in RunningJob job, in AttemptEnd end, ReadOnlyMemory<byte> result)
    {
        EndAttempt(job, end with { Result = result }, new(JobStatus.Completed, null, default, null));
        AddFollowing(job, result);
    }

    /// <summary>Adds what an attempt enqueued.</summary>
    public void AddAll(IReadOnlyList<NewJob> jobs)
    {
        foreach (var job in jobs)
        {
            AddJob(job);
        }
    }

    /// <summary>Whether a job has become a parent and its children have not ended.</summary>
    public bool IsCarried(long job) => statements["carried"].Add(job).Any();

    /// <summary>The batch of a parent's children.</summary>
    public long ChildrenOf(long job) => statements["parent"].Add(job).Number() ?? 0;

    private void Carry(in RunningJob job)
    {
        statements["carry_running"].Add(job.Node).Add(job.Place.Job).Run();
        if (job.Place.Flags.HasFlag(JobFlags.Holds))
        {
            statements["carry_held"].Add(job.Node).Add(job.Place.Job).Add(job.Place.Fence).Run();
        }
    }

    /// <summary>A batch has ended: so does the job that is its parent, now, and as the batch did.</summary>
    private void EndParentOf(long batch, JobStatus status, in StateTally children)
    {
        var row = statements["parent_of"].Add(batch);
        if (!row.Step())
        {
            return;
        }
        var (startedAt, leftOut) = (row.Long(1), row.Int(2));
        var job = RunningJob.Read(row, 4, Store, row.Long(3)) with { RanOn = row.Long(0) };
        var result = ChildrenResult.Write(new JobId(batch), children, leftOut);
        var end = new AttemptEnd
        {
            Outcome = (long)AttemptOutcome.Completed | Branched, StartedAt = startedAt, EndedAt = Now, CostsAttempt = true, Result = result,
            Verdict = status switch { JobStatus.Completed => true, JobStatus.Failed => false, _ => null },
        };
        if (status == JobStatus.Completed)
        {
            Complete(job, end, result);
        }
        else
        {
            EndAttempt(job, end, new(status, null, default, ChildrenResult.Error(status, children)));
        }
    }
}
