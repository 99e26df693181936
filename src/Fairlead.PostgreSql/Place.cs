namespace Fairlead.PostgreSql;

/// <summary>Where a job waits: the states of <c>fairlead_waiting</c>.</summary>
internal enum WaitingState
{
    Scheduled = 0,
    Blocked = 1,
    Parked = 2,
    Solo = 3,
}

/// <summary>What stays with a job while it moves between the tables of what is ready, waits and runs.</summary>
internal struct Place
{
    public long Job;
    public long Queue;
    public long Kind;

    /// <summary>Negated: smaller runs first.</summary>
    public long Priority;

    /// <summary>0 for none.</summary>
    public long Batch;
    public JobFlags Flags;

    /// <summary>Attempts that were spent.</summary>
    public long Attempt;
    public long Fence;
    public long Lost;
    public long Since;

    /// <summary>Its group's name, where it is known already; looked up otherwise (<see cref="JobFlags.Grouped" />).</summary>
    public string? Group;

    /// <summary>Its columns in <c>fairlead_job</c>, from <paramref name="first" />: queue, kind, priority, batch, flags.</summary>
    public void ReadJob(Statement row, int first)
    {
        Queue = row.Long(first);
        Kind = row.Long(first + 1);
        Priority = -row.Long(first + 2);
        Batch = row.Long(first + 3);
        Flags = (JobFlags)row.Long(first + 4);
    }

    /// <summary>Its columns where it waits or is ready, from <paramref name="first" />: attempt, fence, lost, since.</summary>
    public void ReadWait(Statement row, int first)
    {
        Attempt = row.Long(first);
        Fence = row.Long(first + 1);
        Lost = row.Long(first + 2);
        Since = row.Long(first + 3);
    }

    public readonly long? MaybeBatch => Batch == 0 ? null : Batch;
}
