namespace Fairlead.Diagnostics;

/// <summary>
/// What a moment in a job's life is put down to. Each moment has exactly one cause: the first that applies in the order
/// paused, scheduled, blocked, breaker, group, limit, slot, no_node, store. There is no cause named "other".
/// </summary>
public enum WaitCause
{
    /// <summary>An attempt is running.</summary>
    Run = 0,

    /// <summary>Nothing stood in the way: the time between being ready and being started.</summary>
    Start = 1,

    /// <summary>Every slot of the queue, the node or the batch was taken.</summary>
    Slot = 2,

    /// <summary>A permit of a limit was awaited.</summary>
    Limit = 3,

    /// <summary>The group had its share or its number at once.</summary>
    Group = 4,

    /// <summary>The circuit breaker of its key was open.</summary>
    Breaker = 5,

    /// <summary>It waited out the back-off after a failed attempt.</summary>
    Retry = 6,

    /// <summary>Its time had not come: a delay asked for at enqueueing.</summary>
    Scheduled = 7,

    /// <summary>It waited for other jobs to complete.</summary>
    Blocked = 8,

    /// <summary>Its queue was paused.</summary>
    Paused = 9,

    /// <summary>No live node knew its kind.</summary>
    NoNode = 10,

    /// <summary>The store could not be reached.</summary>
    Store = 11,
}

/// <summary>The names of causes in JSON, tables and commands.</summary>
public static class WaitCauses
{
    /// <summary>The wire name: <c>run start slot limit group breaker retry scheduled blocked paused no_node store</c>.</summary>
    public static string ToWire(this WaitCause cause) => cause switch
    {
        WaitCause.Run => "run",
        WaitCause.Start => "start",
        WaitCause.Slot => "slot",
        WaitCause.Limit => "limit",
        WaitCause.Group => "group",
        WaitCause.Breaker => "breaker",
        WaitCause.Retry => "retry",
        WaitCause.Scheduled => "scheduled",
        WaitCause.Blocked => "blocked",
        WaitCause.Paused => "paused",
        WaitCause.NoNode => "no_node",
        WaitCause.Store => "store",
        _ => throw new ArgumentOutOfRangeException(nameof(cause), cause, "Not a wait cause."),
    };
}
