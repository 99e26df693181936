using System.Text.Json;
using Fairlead.Cli.Bodies;

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

    public TimeSpan? Timeout => TimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    public TimeSpan KillAfter => TimeSpan.FromSeconds(KillAfterSeconds);

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
