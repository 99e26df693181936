using Fairlead.Storage;

namespace Fairlead.AspNetCore.Bodies;

/// <summary>The body of <c>GET stats</c>.</summary>
internal sealed record StatsBody(DateTimeOffset At, CountersBody Store, IReadOnlyList<StatusBody> Queues);

/// <summary>Counters since the store was made.</summary>
internal sealed record CountersBody(long StaleRefused, long NodesLost, long Abandoned)
{
    public static CountersBody Of(StoreCounters counters) => new(counters.StaleRefused, counters.NodesLost, counters.Abandoned);
}

/// <summary>The processes of a queue on all nodes, added up.</summary>
internal record PoolFiguresBody
{
    /// <summary>Nodes that have processes for it; left out where it is about one.</summary>
    public int? Nodes { get; init; }

    public required int Processes { get; init; }

    public required int Most { get; init; }

    /// <summary>Of the last minute, 0 to 1; nodes with more places weigh more.</summary>
    public required double Use { get; init; }

    public required int JobsPerMinute { get; init; }

    /// <summary>Nodes that ended more jobs weigh more.</summary>
    public required double AverageSeconds { get; init; }

    /// <summary>The slowest node's: what holds on every node.</summary>
    public required double P95Seconds { get; init; }

    public required int StartsPerMinute { get; init; }

    public required int EndsPerMinute { get; init; }

    public required long Starts { get; init; }

    /// <summary>Why processes ended, and how many of each.</summary>
    public required IReadOnlyDictionary<string, long> Ends { get; init; }

    public string? LastError { get; init; }

    public DateTimeOffset? LastErrorAt { get; init; }

    public DateTimeOffset? BacksOffUntil { get; init; }

    /// <returns>Null when no node has processes for it.</returns>
    public static PoolFiguresBody? Of(IReadOnlyList<PoolReport> pools)
    {
        if (pools.Count == 0)
        {
            return null;
        }
        var failed = pools.Where(static pool => pool.LastError is not null).MaxBy(static pool => pool.LastErrorAt);
        return new PoolFiguresBody
        {
            Nodes = pools.Count,
            Processes = pools.Sum(static pool => pool.Workers.Count),
            Most = pools.Sum(static pool => pool.Most),
            Use = Round(Weighted(pools, static pool => pool.Use, static pool => pool.Most)),
            JobsPerMinute = pools.Sum(static pool => pool.JobsPerMinute),
            AverageSeconds = Round(Weighted(pools, static pool => pool.AverageSeconds, static pool => pool.JobsPerMinute)),
            P95Seconds = Round(pools.Max(static pool => pool.P95Seconds)),
            StartsPerMinute = pools.Sum(static pool => pool.StartsPerMinute),
            EndsPerMinute = pools.Sum(static pool => pool.EndsPerMinute),
            Starts = pools.Sum(static pool => pool.Starts),
            Ends = pools.SelectMany(static pool => pool.Ends).GroupBy(static end => end.Key).OrderBy(static end => end.Key)
                .ToDictionary(static end => PoolWords.Of(end.Key), static end => end.Sum(static one => one.Value), StringComparer.Ordinal),
            LastError = failed?.LastError,
            LastErrorAt = failed?.LastErrorAt,
            BacksOffUntil = pools.Max(static pool => pool.BacksOffUntil),
        };
    }

    /// <summary>An average by weights; the largest while no pool weighs anything.</summary>
    private static double Weighted(IReadOnlyList<PoolReport> pools, Func<PoolReport, double> figure, Func<PoolReport, int> weight)
    {
        var whole = pools.Sum(weight);
        return whole == 0 ? pools.Max(figure) : pools.Sum(pool => figure(pool) * weight(pool)) / whole;
    }

    private static double Round(double figure) => Math.Round(figure, 3);
}
