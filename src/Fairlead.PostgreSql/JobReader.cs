using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>Puts a job together from the table it stands in and what was recorded of it.</summary>
internal sealed class JobReader(Statements sql, NameTable table, long now)
{
    private readonly ReadNames names = new(sql, table);

    public ReadNames Names => names;

    public Job? Read(long id)
    {
        var row = sql["job"].Add(id);
        if (!row.Step())
        {
            return null;
        }
        var place = new Place { Job = id };
        place.ReadJob(row, 0);
        var extras = JobExtras.Read(row.MaybeText(9));
        long? batch = place.MaybeBatch;
        var job = new Job
        {
            Id = new(id),
            Queue = names.Queue(place.Queue),
            Kind = names.Kind(place.Kind),
            Status = JobStatus.Queued,
            Payload = row.Blob(10),
            Priority = (int)-place.Priority,
            Group = row.MaybeText(7),
            UniqueKey = row.MaybeText(8),
            Batch = batch is { } of ? new JobId(of) : null,
            Item = batch is { } from ? (int)(id - from - 1) : null,
            Parent = (extras.Parent ?? batch) is { } parent ? new JobId(parent) : null,
            ScheduledFor = extras.ScheduledFor,
            EnqueuedAt = row.Time(6),
            Deadline = row.Time(5),
        };
        return place.Flags.HasFlag(JobFlags.Batch) ? AsBatch(job) : WithState(job);
    }

    private Job WithState(Job job)
    {
        var found = JobFinder.Find(sql, job.Id.Value) ?? throw new StoreMismatchException($"Job {job.Id} is in no table.");
        var known = job with
        {
            Status = found.Status,
            Attempt = (int)found.Place.Attempt,
            Fence = found.Place.Fence,
            NodesLost = (int)found.Place.Lost,
            DueAt = found.Status == JobStatus.Scheduled ? Moment.From(found.Due) : null,
            CancelRequested = found.Cancelling,
        };
        known = found.Place.Fence == 0 ? known : WithChildren(WithLastAttempt(known));
        return found.Status switch
        {
            JobStatus.Processing => WithProgress(known, found.Node),
            >= JobStatus.Completed => WithEnd(known),
            _ => known with { Reason = WaitReasons.Of(sql, found, job.Queue, job.Kind, now) },
        };
    }

    private Job WithLastAttempt(Job job)
    {
        var row = sql["last_attempt"].Add(job.Id.Value);
        if (row.Step())
        {
            job = job with { StartedAt = row.Time(0), LastOutcome = (AttemptOutcome)(row.Long(1) & Session.OutcomeMask), Error = row.MaybeText(2) };
        }
        return job;
    }

    private Job WithChildren(Job job)
    {
        var row = sql["parent"].Add(job.Id.Value);
        if (row.Step())
        {
            job = job with { Children = row.MaybeLong(0) is { } batch ? new JobId(batch) : null, ChildrenLeftOut = row.Int(1) };
        }
        return job;
    }

    private Job WithProgress(Job job, long node)
    {
        var row = sql["running_progress"].Add(node).Add(job.Id.Value);
        row.Step();
        job = job with { StartedAt = node == Session.Store ? Moment.From(sql["parent_started"].Add(job.Id.Value).Number()) : row.Time(0), Progress = row.IsNull(1) ? null : new(row.Long(1), row.Long(2)) };
        return job;
    }

    private Job WithEnd(Job job)
    {
        var row = sql["ended"].Add(job.Id.Value);
        row.Step();
        job = job with
        {
            EndedAt = row.Time(0),
            LastOutcome = row.IsNull(1) ? null : (AttemptOutcome)(row.Long(1) & Session.OutcomeMask),
            StartedAt = row.MaybeTime(2) ?? job.StartedAt,
            Error = row.MaybeText(3),
            Result = row.Blob(4),
        };
        return job;
    }

    private Job AsBatch(Job job)
    {
        var row = sql["batch"].Add(job.Id.Value);
        row.Step();
        var size = row.Long(9);
        job = job with
        {
            Status = (JobStatus)row.Int(4),
            StartedAt = row.MaybeTime(5),
            EndedAt = row.MaybeTime(6),
            CancelRequested = row.Long(7) != 0 && row.IsNull(6),
            BatchState = new()
            {
                Name = row.MaybeText(0),
                MaxParallel = (int?)row.MaybeLong(1),
                Generation = row.Int(2),
                FinalizeJob = row.MaybeLong(3) is { } finalize ? new JobId(finalize) : null,
                Memo = row.Blob(8),
                Items = Tallies.Read(sql, job.Id.Value),
            },
        };
        var latest = sql["latest_deadline"].Add(job.Id.Value + 1).Add(job.Id.Value + size).Number();
        return job with { Deadline = Moment.From(latest) ?? job.Deadline };
    }
}
