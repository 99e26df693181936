using Fairlead.Diagnostics;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>How jobs come in: through the doors of producers, from a completion, and at the end of a batch.</summary>
internal sealed partial class Session
{
    private static readonly TimeSpan DefaultDeadline = TimeSpan.FromDays(7);

    /// <summary>
    /// Adds one job. With <paramref name="strict" /> an awaited job that does not exist is an error; without, nobody is there to be
    /// told, and the job is cancelled at once.
    /// </summary>
    public EnqueuedJob AddJob(NewJob job, bool strict = false)
    {
        var queue = Queue(job.Queue);
        job = NewJobRules.WithKeys(job, Facts(queue).Definition);
        if (job.UniqueKey is { } key && statements["holder_of_key"].Add(queue).Add(key).Number() is { } holder)
        {
            return new(new JobId(holder), Existing: true);
        }
        var place = AddRow(job, queue, 0, JobFlags.None);
        var (blockers, refusal) = Await(job, place.Job, strict);
        PutNew(job, place, blockers, refusal);
        return new(new JobId(place.Job), Existing: false);
    }

    /// <summary>What nodes declare of a queue; null while none has.</summary>
    public QueueDefinition? DefinitionOf(string queue) => Facts(Queue(queue)).Definition;

    private Place AddRow(NewJob job, long queue, long batch, JobFlags flags)
    {
        flags |= (job.UniqueKey is null ? 0 : JobFlags.Unique) | (job.Then is null ? 0 : JobFlags.Then) | (job.Group is null ? 0 : JobFlags.Grouped);
        var place = new Place
        {
            Job = NextJob(), Queue = queue, Kind = Kind(job.Kind), Priority = -(long)job.Priority, Batch = batch, Flags = flags, Since = Now, Group = job.Group,
        };
        MeetLine(queue, place.Kind);
        AddJobRow(job, place);
        if (job.UniqueKey is not null)
        {
            statements["take_key"].Add(queue).Add(job.UniqueKey).Add(place.Job).Run();
        }
        return place;
    }

    private void AddJobRow(NewJob job, in Place place)
    {
        // What a queue declares is written down here, so that a later declaration does not move the deadlines of jobs that wait.
        var within = job.Deadline ?? Facts(place.Queue).Definition?.Deadline ?? DefaultDeadline;
        long? deadline = within == DefaultDeadline ? null : Now + Moment.Of(within);
        var extras = JobExtras.Write(job, deadline is null ? null : within);
        if (extras is null && job.Group is null && job.UniqueKey is null)
        {
            statements["add_plain_job"].Add(place.Job).Add(place.Queue).Add(place.Kind).Add(-place.Priority).Add(Now).Add(place.MaybeBatch)
                .Add((long)place.Flags).Add(job.Payload.Span).Run();
            return;
        }
        statements["add_job"].Add(place.Job).Add(place.Queue).Add(place.Kind).Add(-place.Priority).Add(Now).Add(place.MaybeBatch)
            .Add((long)place.Flags).Add(deadline).Add(job.Group).Add(job.UniqueKey).Add(extras).Add(job.Payload.Span).Run();
        if (deadline is { } at)
        {
            statements["add_deadline"].Add(at).Add(place.Job).Run();
        }
    }

    private (int Blockers, string? Refusal) Await(NewJob job, long id, bool strict)
    {
        var blockers = 0;
        string? refusal = null;
        foreach (var awaited in job.After.Count == 0 ? [] : job.After.Distinct())
        {
            var row = statements["state_for_dependents"].Add(awaited.Value);
            var exists = row.Step();
            var status = exists ? (JobStatus?)row.MaybeLong(0) : null;
            if (!exists && strict)
            {
                throw new ArgumentException($"The job waits for job {awaited}, which does not exist.", nameof(job));
            }
            if (exists && status is null)
            {
                AddDependency(awaited.Value, id);
                blockers++;
            }
            else if (status != JobStatus.Completed)
            {
                refusal ??= $"Job {awaited}, which it waited for, {(!exists ? "does not exist" : status == JobStatus.Failed ? "failed" : "was cancelled")}.";
            }
        }
        return (blockers, refusal);
    }

    private void PutNew(NewJob job, in Place place, int blockers, string? refusal)
    {
        long? due = job.Delay > TimeSpan.Zero ? Now + Moment.Of(job.Delay) : null;
        if (refusal is not null)
        {
            statements["forget_dependencies_of"].Add(place.Job).Run();
            EndWaiting(place, JobStatus.Cancelled, refusal);
        }
        else if (blockers > 0)
        {
            MakeBlocked(place, due, blockers);
        }
        else if (due is { } at)
        {
            MakeScheduled(place, at, WaitCause.Scheduled);
        }
        else
        {
            MakeReady(place);
        }
    }
}
