namespace Fairlead.PostgreSql;

/// <summary>A job as it was enqueued, where more than its running row is needed.</summary>
internal sealed record JobRow(long Kind, Place Place, DateTimeOffset Deadline, JobExtras Extras, string? Group);

/// <summary>Jobs' own rows, for the ends of attempts that need them: read for all together where they are known before.</summary>
internal sealed partial class Session
{
    private readonly Dictionary<long, JobRow> jobRows = [];

    /// <summary>Takes what <c>job_rows</c> answered.</summary>
    public void LearnJobs(Statement row)
    {
        while (row.Step())
        {
            var place = new Place { Job = row.Long(0) };
            place.ReadJob(row, 1);
            place.Group = row.MaybeText(8);
            jobRows.TryAdd(place.Job, new(place.Kind, place, row.Time(6), JobExtras.Read(row.MaybeText(7)), place.Group));
        }
    }

    private JobRow JobRowOf(long job)
    {
        if (!jobRows.TryGetValue(job, out var known))
        {
            LearnJobs(statements["job_rows"].Add([job]));
            known = jobRows.TryGetValue(job, out var found) ? found : new(0, new() { Job = job }, DateTimeOffset.MaxValue, JobExtras.None, null);
        }
        return known;
    }

    private void ForgetRead()
    {
        jobRows.Clear();
        places.Clear();
        tallies.Clear();
        batchEnds.Clear();
        heldBy.Clear();
        estimates.Clear();
    }
}
