using Fairlead.Diagnostics;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>Reads the recorded lives of a range of jobs: three ranges read side by side, and one look at what each open job does now.</summary>
internal sealed class TimelineReader(Statements sql, NameTable table)
{
    private readonly ReadNames names = new(sql, table);

    public List<JobTimeline> Read(long first, long last)
    {
        var attempts = Attempts(first, last);
        var waits = Waits(first, last);
        var timelines = new List<JobTimeline>();
        var row = sql["timeline_jobs"].Add(first).Add(last);
        while (row.Step())
        {
            var id = row.Long(0);
            var own = attempts.GetValueOrDefault(id) ?? [];
            var waited = waits.GetValueOrDefault(id) ?? [];
            var status = row.IsNull(5) ? JobStatus.Queued : (JobStatus)row.Int(5);
            DateTimeOffset? readyAt = null;
            if (row.IsNull(5))
            {
                (status, readyAt) = AddPresent(id, own, waited);
            }
            else if (!row.IsNull(9))
            {
                own.Add(EndedAttempt(row));
            }
            timelines.Add(new()
            {
                Job = new(id), Queue = names.Queue(row.Long(1)), Kind = names.Kind(row.Long(2)), Group = row.MaybeText(3), Status = status,
                EnqueuedAt = row.Time(4), EndedAt = row.MaybeTime(6), ReadyAt = readyAt, Waits = waited, Attempts = own,
            });
        }
        return timelines;
    }

    private static JobAttempt EndedAttempt(Statement row) => new()
    {
        Attempt = row.Int(7), Fence = row.Long(8), Node = new(row.Long(9)), ReadyAt = row.Time(10), ClaimedAt = row.Time(11),
        StartedAt = row.Time(12), EndedAt = row.Time(13), Outcome = (AttemptOutcome)(row.Long(14) & Session.OutcomeMask), Error = row.MaybeText(15),
    };

    private (JobStatus Status, DateTimeOffset? ReadyAt) AddPresent(long id, List<JobAttempt> attempts, List<JobWait> waits)
    {
        if (JobFinder.Find(sql, id) is not { } found)
        {
            return (JobStatus.Queued, null);
        }
        var since = Moment.From(found.Place.Since);
        if (found.Status == JobStatus.Processing)
        {
            attempts.Add(RunningAttempt(found));
        }
        else if (found.Waiting is WaitingState.Scheduled or WaitingState.Blocked or WaitingState.Parked)
        {
            waits.Add(new(found.Cause, since, null));
        }
        return (found.Status, found.Status == JobStatus.Queued && found.Waiting is null or WaitingState.Solo ? since : null);
    }

    private JobAttempt RunningAttempt(FoundJob found)
    {
        var row = sql["running"].Add(found.Node).Add(found.Place.Job);
        row.Step();
        var claimed = row.Time(4);
        var attempt = new JobAttempt
        {
            Attempt = row.Int(0), Fence = row.Long(1), Node = new(found.Node), ReadyAt = row.Time(3), ClaimedAt = claimed, StartedAt = claimed,
        };
        return found.Node == Session.Store ? WithItsNode(attempt, found.Place.Job) : attempt;
    }

    /// <summary>A parent's attempt is that of the node that ran it.</summary>
    private JobAttempt WithItsNode(JobAttempt attempt, long job)
    {
        var row = sql["parent"].Add(job);
        row.Step();
        attempt = attempt with { Node = new(row.Long(2)), StartedAt = row.Time(3) };
        return attempt;
    }

    private Dictionary<long, List<JobAttempt>> Attempts(long first, long last)
    {
        var found = new Dictionary<long, List<JobAttempt>>();
        var row = sql["timeline_attempts"].Add(first).Add(last);
        while (row.Step())
        {
            Of(found, row.Long(0)).Add(new()
            {
                Attempt = row.Int(1), Fence = row.Long(2), Node = new(row.Long(3)), ReadyAt = row.Time(4), ClaimedAt = row.Time(5),
                StartedAt = row.Time(6), EndedAt = row.Time(7), Outcome = (AttemptOutcome)(row.Long(8) & Session.OutcomeMask), Error = row.MaybeText(9),
            });
        }
        return found;
    }

    private Dictionary<long, List<JobWait>> Waits(long first, long last)
    {
        var found = new Dictionary<long, List<JobWait>>();
        var row = sql["timeline_waits"].Add(first).Add(last);
        while (row.Step())
        {
            Of(found, row.Long(0)).Add(new((WaitCause)row.Int(1), row.Time(2), row.Time(3)));
        }
        return found;
    }

    private static List<T> Of<T>(Dictionary<long, List<T>> lists, long id)
    {
        if (!lists.TryGetValue(id, out var list))
        {
            lists.Add(id, list = []);
        }
        return list;
    }
}
