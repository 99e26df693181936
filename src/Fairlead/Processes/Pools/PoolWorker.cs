using Fairlead.Storage;

namespace Fairlead.Processes.Pools;

/// <summary>One process of a pool. Its members are read and written under the pool's lock.</summary>
internal abstract class PoolWorker(string id, DateTimeOffset startedAt, long startedTimestamp)
{
    public string Id { get; } = id;

    public DateTimeOffset StartedAt { get; } = startedAt;

    public long StartedTimestamp { get; } = startedTimestamp;

    /// <summary>The process; null until it has been asked for.</summary>
    public IHostedProcess? Process { get; set; }

    public int Pid { get; set; }

    /// <summary>Why it is to end; null while it is not.</summary>
    public WorkerEnd? Ending { get; set; }

    /// <summary>True once its parent was asked to end it, whatever it does: no deadline and no work is of any use to it.</summary>
    public bool IsDoomed { get; set; }

    public long? MemoryBytes { get; set; }

    /// <summary>How many jobs it has ended.</summary>
    public long Jobs { get; set; }

    /// <summary>The job it works at.</summary>
    public abstract JobId? Job { get; }

    public WorkerInfo Info() => new()
    {
        Id = Id,
        Pid = Pid,
        StartedAt = StartedAt,
        State = Ending is not null ? WorkerState.Ending : Pid == 0 ? WorkerState.Starting : Job is null ? WorkerState.Idle : WorkerState.Busy,
        Job = Job,
        Jobs = Jobs,
        MemoryBytes = MemoryBytes,
    };
}
