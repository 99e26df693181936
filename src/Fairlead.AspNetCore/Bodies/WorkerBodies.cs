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

    public required long NodeId { get; init; }

    public required string Node { get; init; }

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
        NodeId = pool.Node.Value,
        Node = pool.NodeName,
        Pid = worker.Pid == 0 ? null : worker.Pid,
        State = PoolWords.Of(worker.State),
        Job = worker.Job?.Value,
        Jobs = worker.Jobs,
        StartedAt = worker.StartedAt,
        AgeSeconds = Math.Round(Math.Max(0, (now - worker.StartedAt).TotalSeconds), 3),
        MemoryBytes = worker.MemoryBytes,
    });
}

/// <summary>The pool of one queue on one node in <c>workers --pools --json</c>.</summary>
internal sealed record PoolBody
{
    public required string Queue { get; init; }

    public required string Label { get; init; }

    public required long NodeId { get; init; }

    public required string Node { get; init; }

    public required int Workers { get; init; }

    public required int Busy { get; init; }

    public required int Most { get; init; }

    public required double Use { get; init; }

    public required int JobsPerMinute { get; init; }

    public required double AverageSeconds { get; init; }

    public required double P95Seconds { get; init; }

    public required int StartsPerMinute { get; init; }

    public required int EndsPerMinute { get; init; }

    public required long Starts { get; init; }

    /// <summary>Why processes ended, and how many of each.</summary>
    public required IReadOnlyDictionary<string, long> Ends { get; init; }

    public string? LastError { get; init; }

    public DateTimeOffset? LastErrorAt { get; init; }

    public DateTimeOffset? BacksOffUntil { get; init; }

    public static PoolBody Of(NodePool pool) => new()
    {
        Queue = pool.Pool.Queue,
        Label = pool.Pool.Label,
        NodeId = pool.Node.Value,
        Node = pool.NodeName,
        Workers = pool.Pool.Workers.Count,
        Busy = pool.Pool.Workers.Count(static worker => worker.State == WorkerState.Busy),
        Most = pool.Pool.Most,
        Use = Math.Round(pool.Pool.Use, 3),
        JobsPerMinute = pool.Pool.JobsPerMinute,
        AverageSeconds = Math.Round(pool.Pool.AverageSeconds, 6),
        P95Seconds = Math.Round(pool.Pool.P95Seconds, 6),
        StartsPerMinute = pool.Pool.StartsPerMinute,
        EndsPerMinute = pool.Pool.EndsPerMinute,
        Starts = pool.Pool.Starts,
        Ends = pool.Pool.Ends.OrderBy(static end => end.Key).ToDictionary(static end => PoolWords.Of(end.Key), static end => end.Value, StringComparer.Ordinal),
        LastError = pool.Pool.LastError,
        LastErrorAt = pool.Pool.LastErrorAt,
        BacksOffUntil = pool.Pool.BacksOffUntil,
    };
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
