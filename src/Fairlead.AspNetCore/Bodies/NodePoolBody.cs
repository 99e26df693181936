using Fairlead.Storage;

namespace Fairlead.AspNetCore.Bodies;

/// <summary>The pool of one queue on one node in <c>pools --json</c>.</summary>
internal sealed record NodePoolBody
{
    public required string Queue { get; init; }

    public required string Label { get; init; }

    public required long Node { get; init; }

    public required string NodeName { get; init; }

    public required int Processes { get; init; }

    /// <summary>How many processes there may be on this node.</summary>
    public required int Most { get; init; }

    /// <summary>The share of the last minute in which its places had work, 0 to 1.</summary>
    public required double Use { get; init; }

    public required int JobsPerMinute { get; init; }

    public required double AverageSeconds { get; init; }

    public required double P95Seconds { get; init; }

    public required int StartsPerMinute { get; init; }

    public required int EndsPerMinute { get; init; }

    public required long Starts { get; init; }

    /// <summary>Why processes ended since the node joined, and how many of each: <c>job_ended</c>, <c>crashed</c>, <c>max_memory</c> and so on.</summary>
    public required IReadOnlyDictionary<string, long> Ends { get; init; }

    public string? LastError { get; init; }

    public DateTimeOffset? LastErrorAt { get; init; }

    public DateTimeOffset? BacksOffUntil { get; init; }

    public static NodePoolBody Of(NodePool on)
    {
        var pool = on.Pool;
        return new NodePoolBody
        {
            Queue = pool.Queue,
            Label = pool.Label,
            Node = on.Node.Value,
            NodeName = on.NodeName,
            Processes = pool.Workers.Count,
            Most = pool.Most,
            Use = Math.Round(pool.Use, 3),
            JobsPerMinute = pool.JobsPerMinute,
            AverageSeconds = Math.Round(pool.AverageSeconds, 3),
            P95Seconds = Math.Round(pool.P95Seconds, 3),
            StartsPerMinute = pool.StartsPerMinute,
            EndsPerMinute = pool.EndsPerMinute,
            Starts = pool.Starts,
            Ends = pool.Ends.OrderBy(static end => end.Key).ToDictionary(static end => PoolWords.Of(end.Key), static end => end.Value, StringComparer.Ordinal),
            LastError = pool.LastError,
            LastErrorAt = pool.LastErrorAt,
            BacksOffUntil = pool.BacksOffUntil,
        };
    }
}
