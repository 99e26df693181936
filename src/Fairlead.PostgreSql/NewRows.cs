namespace Fairlead.PostgreSql;

/// <summary>A job as its table takes it.</summary>
internal readonly record struct NewJobRow(Place Place, long EnqueuedAt, long? Deadline, string? UniqueKey, string? Extras, ReadOnlyMemory<byte> Payload);

/// <summary>A job that may not run yet, as its table takes it.</summary>
internal readonly record struct NewWaitingRow(Place Place, WaitingState State, long? Due, Diagnostics.WaitCause Cause, long Blockers);

/// <summary>The rows of new jobs, gathered while they are thought out, to be written a table at a time.</summary>
internal sealed class NewRows
{
    public List<NewJobRow> Jobs { get; } = [];

    /// <summary>Those that may run now and have no group.</summary>
    public List<Place> Ready { get; } = [];

    public List<(long Group, Place Place)> Grouped { get; } = [];

    public List<NewWaitingRow> Waiting { get; } = [];

    public List<(long Queue, string Key, long Job)> Keys { get; } = [];

    public List<(long OnJob, long Job)> Dependencies { get; } = [];

    public List<(long At, long Job)> Deadlines { get; } = [];

    public bool Any => Jobs.Count > 0 || Ready.Count > 0 || Grouped.Count > 0 || Waiting.Count > 0 || Keys.Count > 0 || Dependencies.Count > 0 || Deadlines.Count > 0;

    /// <summary>A job's own row, and what hangs on it alone.</summary>
    public void Add(in NewJobRow job)
    {
        Jobs.Add(job);
        if (job.Deadline is { } at)
        {
            Deadlines.Add((at, job.Place.Job));
        }
        if (job.UniqueKey is not null)
        {
            Keys.Add((job.Place.Queue, job.UniqueKey, job.Place.Job));
        }
    }

    public void Clear()
    {
        Jobs.Clear();
        Ready.Clear();
        Grouped.Clear();
        Waiting.Clear();
        Keys.Clear();
        Dependencies.Clear();
        Deadlines.Clear();
    }
}
