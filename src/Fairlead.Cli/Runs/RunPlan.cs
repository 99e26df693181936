using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Cli.Bodies;
using Fairlead.Storage;

namespace Fairlead.Cli.Runs;

/// <summary>Everything a run needs to go on; kept in its batch, so that <c>--resume</c> needs nothing but the name.</summary>
internal sealed record RunPlan
{
    /// <summary>The queue of a run that names none starts with this.</summary>
    public const string QueuePrefix = "run:";

    /// <summary>How its items are known: no other run has it, so a run claims only its own items even in a shared queue.</summary>
    public required string Kind { get; init; }

    public required string Queue { get; init; }

    /// <summary>The program and its arguments, as typed.</summary>
    public required IReadOnlyList<string> Program { get; init; }

    /// <summary>Where the run was started, and where its programs run.</summary>
    public required string Directory { get; init; }

    public required int Concurrency { get; init; }

    public double? TimeoutSeconds { get; init; }

    public required double KillAfterSeconds { get; init; }

    public required int Retries { get; init; }

    public bool Output { get; init; }

    /// <summary>The limits its queue takes a permit of before each attempt, as typed; null for none.</summary>
    public IReadOnlyList<string>? Limits { get; init; }

    /// <summary>Finds an item's group in its line; null for no groups.</summary>
    public string? GroupBy { get; init; }

    public int? GroupConcurrency { get; init; }

    /// <summary>The circuit breaker each group gets, as typed; null for none.</summary>
    public string? Breaker { get; init; }

    public TimeSpan? Timeout => TimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    public TimeSpan KillAfter => TimeSpan.FromSeconds(KillAfterSeconds);

    [JsonIgnore]
    public IReadOnlyList<NamedLimit> NamedLimits => [.. (Limits ?? []).Select(LimitText.ParseNamed)];

    public byte[] ToMemo() => JsonSerializer.SerializeToUtf8Bytes(this, CliJson.Wire.RunPlan);

    /// <summary>The plan kept in a batch; null when the job is not a run.</summary>
    public static RunPlan? TryRead(Job job)
    {
        if (job.BatchState is not { Memo.IsEmpty: false } batch)
        {
            return null;
        }
        try
        {
            return JsonSerializer.Deserialize(batch.Memo.Span, CliJson.Wire.RunPlan);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
