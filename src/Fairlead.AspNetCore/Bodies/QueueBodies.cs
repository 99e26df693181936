using System.Text.Json.Serialization;
using Fairlead.Storage;

namespace Fairlead.AspNetCore.Bodies;

/// <summary>One queue in <c>status --json</c>; the shape is fixed, nulls are written.</summary>
internal sealed record StatusBody
{
    public required string Queue { get; init; }

    public required string Label { get; init; }

    public required long Running { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required int? MaxConcurrent { get; init; }

    public required long Queued { get; init; }

    public required long Scheduled { get; init; }

    public required long Blocked { get; init; }

    public required long Failed { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required double? OldestQueuedSeconds { get; init; }

    /// <summary>The figures of its processes; only in <c>GET stats</c>, and only where there are some.</summary>
    public PoolFiguresBody? Pool { get; init; }

    public static StatusBody Of(QueueInfo queue, DateTimeOffset now) => new()
    {
        Queue = queue.Name,
        Label = queue.InForce?.Label ?? queue.Name,
        Running = queue.Jobs.Processing,
        MaxConcurrent = queue.InForce?.MaxConcurrent,
        Queued = queue.Jobs.Queued,
        Scheduled = queue.Jobs.Scheduled,
        Blocked = queue.Jobs.Blocked,
        Failed = queue.Jobs.Failed,
        OldestQueuedSeconds = queue.OldestQueuedAt is { } since ? Math.Round(Math.Max(0, (now - since).TotalSeconds), 3) : null,
    };
}

/// <summary>One queue in <c>queues --json</c>, the body of <c>GET queues</c>.</summary>
internal sealed record QueueBody
{
    public required string Queue { get; init; }

    public required string Label { get; init; }

    public required bool Paused { get; init; }

    public required int? MaxConcurrent { get; init; }

    public required double? TimeoutSeconds { get; init; }

    public required int? Retries { get; init; }

    public required long Queued { get; init; }

    public required long Scheduled { get; init; }

    public required long Blocked { get; init; }

    public required long Processing { get; init; }

    public required long Completed { get; init; }

    public required long Failed { get; init; }

    public required long TimedOut { get; init; }

    public required long Cancelled { get; init; }

    public required int Abandoned { get; init; }

    public DateTimeOffset? OldestQueuedAt { get; init; }

    /// <summary>What of this an operator changed; left out where all is as declared.</summary>
    public QueueChangeBody? Changed { get; init; }

    public static QueueBody Of(QueueInfo queue) => new()
    {
        Queue = queue.Name,
        Label = queue.InForce?.Label ?? queue.Name,
        Paused = queue.Paused,
        MaxConcurrent = queue.InForce?.MaxConcurrent,
        TimeoutSeconds = queue.InForce?.Timeout?.TotalSeconds,
        Retries = queue.InForce?.Retries,
        Queued = queue.Jobs.Queued,
        Scheduled = queue.Jobs.Scheduled,
        Blocked = queue.Jobs.Blocked,
        Processing = queue.Jobs.Processing,
        Completed = queue.Jobs.Completed,
        Failed = queue.Jobs.Failed,
        TimedOut = queue.Jobs.TimedOut,
        Cancelled = queue.Jobs.Cancelled,
        Abandoned = queue.Abandoned,
        OldestQueuedAt = queue.OldestQueuedAt,
        Changed = QueueChangeBody.Of(queue.Change),
    };
}
