using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Storage;

namespace Fairlead.AspNetCore.Bodies;

/// <summary>One process of a pool in <c>workers --json</c>, the body of <c>GET workers</c>.</summary>
internal sealed record WorkerBody
{
    public required string Id { get; init; }

    public required string Queue { get; init; }

    public required string Label { get; init; }

    public required long Node { get; init; }

    public required string NodeName { get; init; }

    /// <summary>Left out while it is being started.</summary>
    public required int? Pid { get; init; }

    /// <summary><c>starting</c>, <c>idle</c>, <c>busy</c> or <c>ending</c>.</summary>
    public required string State { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required long? Job { get; init; }

    public required long Jobs { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required double AgeSeconds { get; init; }

    public long? MemoryBytes { get; init; }

    public static IEnumerable<WorkerBody> Of(NodePool pool, DateTimeOffset now) => pool.Pool.Workers.Select(worker => new WorkerBody
    {
        Id = worker.Id,
        Queue = pool.Pool.Queue,
        Label = pool.Pool.Label,
        Node = pool.Node.Value,
        NodeName = pool.NodeName,
        Pid = worker.Pid == 0 ? null : worker.Pid,
        State = PoolWords.Of(worker.State),
        Job = worker.Job?.Value,
        Jobs = worker.Jobs,
        StartedAt = worker.StartedAt,
        AgeSeconds = Math.Round(Math.Max(0, (now - worker.StartedAt).TotalSeconds), 3),
        MemoryBytes = worker.MemoryBytes,
    });
}

/// <summary>States and ends of workers as they are written: <c>busy</c>, <c>timed_out</c>.</summary>
internal static class PoolWords
{
    public static string Of<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}

/// <summary>What an operator changed of a queue, in <see cref="QueueBody" />; what stays as declared is left out.</summary>
internal sealed record QueueChangeBody
{
    public int? MaxConcurrent { get; init; }

    public double? TimeoutSeconds { get; init; }

    public double? KillAfterSeconds { get; init; }

    public double? SlowAfterSeconds { get; init; }

    public int? Retries { get; init; }

    public double? RetryBudget { get; init; }

    public int? Priority { get; init; }

    public int? GroupConcurrency { get; init; }

    public static QueueChangeBody? Of(QueueChange? change) => change is null ? null : new()
    {
        MaxConcurrent = change.MaxConcurrent,
        TimeoutSeconds = change.Timeout?.TotalSeconds,
        KillAfterSeconds = change.KillAfter?.TotalSeconds,
        SlowAfterSeconds = change.SlowAfter?.TotalSeconds,
        Retries = change.Retries,
        RetryBudget = change.RetryBudget,
        Priority = change.Priority,
        GroupConcurrency = change.GroupConcurrency,
    };
}

/// <summary>The answer to ending workers: how many were asked to end.</summary>
internal sealed record EndingBody(int Ending);
