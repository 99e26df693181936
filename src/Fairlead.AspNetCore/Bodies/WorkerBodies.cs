using Fairlead.Storage;

namespace Fairlead.AspNetCore.Bodies;

/// <summary>One process of a pool, in the body of <c>GET workers</c>.</summary>
internal sealed record WorkerBody
{
    public required string Id { get; init; }

    public required string Queue { get; init; }

    public required string Label { get; init; }

    public required long Node { get; init; }

    public required string NodeName { get; init; }

    /// <summary>Left out while it is being started.</summary>
    public int? Pid { get; init; }

    /// <summary><c>starting idle busy ending</c>.</summary>
    public required string State { get; init; }

    public long? Job { get; init; }

    /// <summary>How many jobs it has ended.</summary>
    public required long Jobs { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public long? MemoryBytes { get; init; }

    public static WorkerBody Of(NodePool pool, WorkerInfo worker) => new()
    {
        Id = worker.Id,
        Queue = pool.Pool.Queue,
        Label = pool.Pool.Label,
        Node = pool.Node.Value,
        NodeName = pool.NodeName,
        Pid = worker.Pid > 0 ? worker.Pid : null,
        State = WorkerWords.Of(worker.State),
        Job = worker.Job?.Value,
        Jobs = worker.Jobs,
        StartedAt = worker.StartedAt,
        MemoryBytes = worker.MemoryBytes,
    };
}

/// <summary>The answer to ending workers: how many were asked to end.</summary>
internal sealed record EndingBody(int Ending);

/// <summary>States and ends of processes on the wire.</summary>
internal static class WorkerWords
{
    public static string Of(WorkerState state) => state switch
    {
        WorkerState.Starting => "starting",
        WorkerState.Idle => "idle",
        WorkerState.Busy => "busy",
        WorkerState.Ending => "ending",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "Not a state of a worker."),
    };

    public static string Of(WorkerEnd end) => end switch
    {
        WorkerEnd.JobEnded => "job_ended",
        WorkerEnd.Left => "left",
        WorkerEnd.Crashed => "crashed",
        WorkerEnd.TimedOut => "timed_out",
        WorkerEnd.MaxRuntime => "max_runtime",
        WorkerEnd.MaxJobs => "max_jobs",
        WorkerEnd.MaxMemory => "max_memory",
        WorkerEnd.Idle => "idle",
        WorkerEnd.Cancelled => "cancelled",
        WorkerEnd.Ended => "ended",
        WorkerEnd.NodeStopped => "node_stopped",
        WorkerEnd.NotStarted => "not_started",
        _ => throw new ArgumentOutOfRangeException(nameof(end), end, "Not an end of a worker."),
    };
}
