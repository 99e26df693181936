using Fairlead.Diagnostics;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>How jobs come in: through the doors of producers, from a completion, and at the end of a batch.</summary>
internal sealed partial class Session
{
    // While what was promised before is added: the id that is next in its list; 0 otherwise.
    private long given;

    /// <summary>
    /// Adds one job. With <paramref name="strict" /> an awaited job that does not exist is an error; without, nobody is there to be
    /// told, and the job is cancelled at once.
    /// </summary>
    public EnqueuedJob AddJob(NewJob job, bool strict = false)
    {
        var queue = Queue(job.Queue);
        job = Keyed(job, queue);
        if (job.UniqueKey is { } key && given == 0 && HolderOf(queue, key) is { } holder)
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

    /// <summary>A job with the keys that its payload names. One that was promised before has those it had then: nobody can be told of others.</summary>
    private NewJob Keyed(NewJob job, long queue) => given > 0 ? job : NewJobRules.WithKeys(job, Facts(queue).Definition);

    private Place AddRow(NewJob job, long queue, long batch, JobFlags flags)
    {
        var place = NewPlace(job, NextJob(), queue, Kind(job.Kind), batch, flags);
        MeetLine(queue, place.Kind);
        WriteLater(NewRow(job, place, Now, Facts(queue).Definition));
        return place with { Since = Now };
    }

    /// <summary>A job's own row, and what hangs on it alone.</summary>
    private void WriteLater(in NewJobRow job)
    {
        var place = job.Place;
        statements.Later("add_jobs").Add(place.Job).Add(place.Queue).Add(place.Kind).Add(-place.Priority).Add(job.EnqueuedAt).Add(place.MaybeBatch)
            .Add((long)place.Flags).Add(job.Deadline).Add(place.Group).Add(job.UniqueKey).Add(job.Extras).Add(job.Payload.Span).End();
        if (job.Deadline is { } at)
        {
            statements.Later("add_deadlines").Add(at).Add(place.Job).End();
        }
        if (job.UniqueKey is not null)
        {
            TakeKey(place.Queue, job.UniqueKey, place.Job);
        }
    }

    /// <summary>Where a new job stands, but for the time.</summary>
    internal static Place NewPlace(NewJob job, long id, long queue, long kind, long batch, JobFlags flags) => new()
    {
        Job = id, Queue = queue, Kind = kind, Priority = -(long)job.Priority, Batch = batch, Group = job.Group,
        Flags = flags | (job.UniqueKey is null ? 0 : JobFlags.Unique) | (job.Then is null ? 0 : JobFlags.Then) | (job.Group is null ? 0 : JobFlags.Grouped),
    };

    /// <summary>A new job as its table takes it.</summary>
    internal static NewJobRow NewRow(NewJob job, in Place place, long now, QueueDefinition? definition)
    {
        // What a queue declares is written down here, so that a later declaration does not move the deadlines of jobs that wait.
        var within = job.Deadline ?? definition?.Deadline ?? NewJobRules.DefaultDeadline;
        long? deadline = within == NewJobRules.DefaultDeadline ? null : now + Moment.Of(within);
        return new(place, now, deadline, job.UniqueKey, JobExtras.Write(job, deadline is null ? null : within), job.Payload);
    }

    private (int Blockers, string? Refusal) Await(NewJob job, long id, bool strict)
    {
        var blockers = 0;
        string? refusal = null;
        foreach (var awaited in job.After.Count == 0 ? [] : job.After.Distinct())
        {
            var (exists, status) = StateOf(awaited.Value);
            if (!exists && strict)
            {
                throw NoSuchAwaited(awaited);
            }
            if (exists && status is null)
            {
                AddDependency(awaited.Value, id);
                blockers++;
            }
            else if (status != JobStatus.Completed)
            {
                refusal ??= Refusal(awaited.Value, exists ? status : null);
            }
        }
        return (blockers, refusal);
    }

    internal static ArgumentException NoSuchAwaited(JobId awaited) => new($"The job waits for job {awaited}, which does not exist.", "job");

    /// <summary>Why a job that waited for another is cancelled.</summary>
    internal static string Refusal(long awaited, JobStatus? status) =>
        $"Job {awaited}, which it waited for, {(status is null ? "does not exist" : status == JobStatus.Failed ? "failed" : "was cancelled")}.";

    private void PutNew(NewJob job, in Place place, int blockers, string? refusal)
    {
        long? due = job.Delay > TimeSpan.Zero ? Now + Moment.Of(job.Delay) : null;
        if (refusal is not null)
        {
            // Its end writes to rows that are gathered only.
            statements.WriteRows();
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
