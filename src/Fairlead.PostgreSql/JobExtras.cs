using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Policies;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>What few jobs carry, kept as JSON in one column.</summary>
internal sealed record JobExtras
{
    public TimeSpan? Timeout { get; init; }

    public int? Retries { get; init; }

    public NextStep? Then { get; init; }

    public long? Parent { get; init; }

    public string? TraceParent { get; init; }

    public DateTimeOffset? ScheduledFor { get; init; }

    /// <summary>How long after it was enqueued its deadline lies, where it is not the default.</summary>
    public TimeSpan? Deadline { get; init; }

    public static JobExtras None { get; } = new();

    public static string? Write(NewJob job, TimeSpan? deadline) =>
        job is { Timeout: null, Retries: null, Then: null, Parent: null, TraceParent: null, ScheduledFor: null } && deadline is null ? null
            : JsonSerializer.Serialize(
                new()
                {
                    Timeout = job.Timeout, Retries = job.Retries, Then = job.Then, Parent = job.Parent?.Value,
                    TraceParent = job.TraceParent, ScheduledFor = job.ScheduledFor, Deadline = deadline,
                },
                StoreJson.Default.JobExtras);

    /// <summary>What a batch carries.</summary>
    public static string? OfBatch(long? parent) => parent is null ? null : JsonSerializer.Serialize(new() { Parent = parent }, StoreJson.Default.JobExtras);

    public static JobExtras Read(string? json) => json is null ? None : JsonSerializer.Deserialize(json, StoreJson.Default.JobExtras)!;
}

/// <summary>What is kept as JSON.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JobExtras))]
[JsonSerializable(typeof(QueueDefinition))]
[JsonSerializable(typeof(QueueChange))]
[JsonSerializable(typeof(NewJob))]
[JsonSerializable(typeof(Arrival))]
[JsonSerializable(typeof(Limit))]
[JsonSerializable(typeof(BreakerState))]
internal sealed partial class StoreJson : JsonSerializerContext;
