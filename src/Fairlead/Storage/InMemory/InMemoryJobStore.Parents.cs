using Fairlead.Batches;
using Fairlead.Storage.InMemory;

namespace Fairlead.Storage;

// Jobs that end with their children. Until then nobody runs them: a node row that is no member and never dies, so that status, counters,
// places, permits and keys stay what they are for a job that runs.
public sealed partial class InMemoryJobStore
{
    private readonly NodeRow _nobody = new(default, new() { Name = "nobody", Slots = 0, Queues = [] }, DateTimeOffset.MinValue);

    private bool IsCarried(JobRow job) => job.Node == _nobody;

    /// <summary>The attempt leaves the rest to children, and its node.</summary>
    private void Branch(JobRow job, JobTransition transition, DateTimeOffset now)
    {
        var attempt = job.Attempts[^1];
        (attempt.StartedAt, attempt.Branched, attempt.Applied) = (transition.StartedAt, true, true);
        job.StartedAt = transition.StartedAt;
        CarryHeld(job.Node!, transition.Attempt);
        job.Node!.Running.Remove(job);
        job.Node = _nobody;
        _nobody.Running.Add(job);
        var children = WithoutHeld(transition.Children! with { Items = [.. transition.Children.Items.Select(WithKeys)] });
        job.LeftOut = transition.Children.Items.Count - children.Items.Count;
        if (children.Items.Count > 0)
        {
            AddBatch(children, job, now);
        }
        else
        {
            job.Children = null;
            EndParent(job, JobStatus.Completed, default, now);
        }
    }

    /// <summary>Its children have ended, and it with them.</summary>
    private void EndParent(JobRow job, JobStatus status, StateTally children, DateTimeOffset now)
    {
        var attempt = job.Attempts[^1];
        (attempt.EndedAt, attempt.Outcome) = (now, AttemptOutcome.Completed);
        attempt.Error = ChildrenResult.Error(status, children);
        (job.Spent, job.LastOutcome) = (job.Spent + 1, AttemptOutcome.Completed);
        bool? verdict = status == JobStatus.Cancelled ? null : status == JobStatus.Completed;
        ReleaseHeld(_nobody, held => held.Attempt == new AttemptKey(job.Id, job.Fence));
        JudgeGroup(job, verdict, now);
        SettleGroup(job, now > attempt.StartedAt ? now - attempt.StartedAt : TimeSpan.Zero, learns: verdict is not null, abandoned: false, now);
        job.Result = ChildrenResult.Write(job.Children, children, job.LeftOut);
        End(job, status, attempt.Error, now);
        Follow(job, now);
    }

    /// <summary>Permits that the attempt's own calls acquired are no longer its node's, whose end would free them.</summary>
    private void CarryHeld(NodeRow node, AttemptKey attempt)
    {
        _nobody.Held.AddRange(node.Held.FindAll(held => held.Attempt == attempt));
        node.Held.RemoveAll(held => held.Attempt == attempt);
    }

    /// <summary>What holds no key that another job holds.</summary>
    private NewBatch WithoutHeld(NewBatch batch)
    {
        var keys = new HashSet<(string, string)>();
        return batch with
        {
            Items = [.. batch.Items.Where(item => item.UniqueKey is not { } key || (!_uniqueKeys.ContainsKey((item.Queue, key)) && keys.Add((item.Queue, key))))],
        };
    }
}
