using Fairlead.Diagnostics;

namespace Fairlead.PostgreSql;

/// <summary>A job and the table it stands in.</summary>
internal sealed class FoundJob
{
    public required Place Place { get; init; }

    public required JobStatus Status { get; init; }

    /// <summary>Its deadline, microseconds.</summary>
    public required long Deadline { get; init; }

    /// <summary>How it waits; null when it is ready, runs, or has ended.</summary>
    public WaitingState? Waiting { get; init; }

    public long? Due { get; init; }

    public WaitCause Cause { get; init; }

    /// <summary>The node that runs it; 0 for none, and for a parent, which the store carries (<see cref="Session.Store" />).</summary>
    public long Node { get; init; }

    /// <summary>Whether its cancellation was asked for while it ran.</summary>
    public bool Cancelling { get; init; }
}

/// <summary>Finds the one table a job stands in by point lookups.</summary>
internal static class JobFinder
{
    /// <summary>Null when there is no such job, or when it is a batch.</summary>
    public static FoundJob? Find(Statements sql, long id)
    {
        var row = sql["job_place"].Add(id);
        if (!row.Step())
        {
            return null;
        }
        var place = new Place { Job = id };
        place.ReadJob(row, 0);
        var deadline = row.Long(5);
        return place.Flags.HasFlag(JobFlags.Batch) ? null
            : Waiting(sql, place, deadline) ?? Ready(sql, place, deadline) ?? Running(sql, place, deadline) ?? Ended(sql, place, deadline);
    }

    private static FoundJob? Waiting(Statements sql, Place place, long deadline)
    {
        var row = sql["waiting_place"].Add(place.Job);
        if (!row.Step())
        {
            return null;
        }
        place.ReadWait(row, 0);
        var state = (WaitingState)row.Int(4);
        var found = new FoundJob
        {
            Place = place, Deadline = deadline, Waiting = state, Due = row.MaybeLong(5), Cause = (WaitCause)row.Int(6),
            Status = state switch { WaitingState.Scheduled => JobStatus.Scheduled, WaitingState.Blocked => JobStatus.Blocked, _ => JobStatus.Queued },
        };
        return found;
    }

    private static FoundJob? Ready(Statements sql, Place place, long deadline)
    {
        var row = sql[place.Flags.HasFlag(JobFlags.Grouped) ? "grouped_place" : "ready_place"].Add(place.Queue).Add(place.Kind).Add(place.Priority).Add(place.Job);
        if (!row.Step())
        {
            return null;
        }
        place.ReadWait(row, 0);
        return new() { Place = place, Deadline = deadline, Status = JobStatus.Queued };
    }

    private static FoundJob? Running(Statements sql, Place place, long deadline)
    {
        var row = sql["running_anywhere"].Add(place.Job);
        if (!row.Step())
        {
            return null;
        }
        place.ReadWait(row, 0);
        var found = new FoundJob { Place = place, Deadline = deadline, Status = JobStatus.Processing, Cancelling = row.Long(5) != 0, Node = row.Long(6) };
        return found;
    }

    private static FoundJob? Ended(Statements sql, Place place, long deadline)
    {
        var row = sql["ended_place"].Add(place.Job);
        if (!row.Step())
        {
            return null;
        }
        place.ReadWait(row, 0);
        var found = new FoundJob { Place = place, Deadline = deadline, Status = (JobStatus)row.Int(4) };
        return found;
    }
}
