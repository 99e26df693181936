using System.Collections.Concurrent;
using Fairlead.Policies;

namespace Fairlead.PostgreSql;

/// <summary>What a claim or an end of attempts must know of a queue, read once per operation.</summary>
internal sealed class QueueFacts
{
    public required bool Paused { get; init; }

    /// <summary>At most this many processing at once; null for no limit.</summary>
    public required long? MaxConcurrent { get; init; }

    /// <summary>How many of its jobs ran when this was read.</summary>
    public required long Processing { get; init; }

    /// <summary>What is in force; null when no node has declared it yet.</summary>
    public required QueueDefinition? Definition { get; init; }

    /// <summary>Whether it has ever had a group: only then anything is shared, and charged.</summary>
    public required bool HasGroups { get; set; }

    /// <summary>The start tag of what was started last: virtual time.</summary>
    public required double FairClock { get; set; }

    /// <summary>Its own breaker, open while more than half of its groups fail.</summary>
    public required BreakerState Outage { get; set; }

    /// <summary>Whether clock or outage have changed.</summary>
    public bool FairChanged { get; set; }

    /// <summary>Clock and outage alone, for readers.</summary>
    public static (double Clock, BreakerState Outage) ReadFair(Statements sql, long queue)
    {
        var row = sql["queue_facts"].Add([queue]);
        row.Step();
        var fair = (row.Double(6), BreakerText.Read(row.MaybeText(7)));
        return fair;
    }

    public RetryBudget Budget { get; set; }

    public bool BudgetChanged { get; set; }

    /// <summary>Whether this operation has looked if the queue was full before it freed a slot.</summary>
    public bool RoomAsked { get; set; }
}

/// <summary>Definitions in force by their revision: JSON is read when it changed, not at every claim.</summary>
internal sealed class DefinitionCache
{
    private readonly ConcurrentDictionary<long, (long Revision, QueueDefinition? Definition)> known = new();

    /// <summary>The limits that a queue used when it was last looked at: a guess at what it uses now.</summary>
    public IEnumerable<string> LimitsOf(long queue) => known.GetValueOrDefault(queue).Definition?.Limits.Select(static use => use.Name) ?? [];

    public QueueDefinition? Of(long queue, long revision, Statements sql)
    {
        if (revision == 0)
        {
            return null;
        }
        if (known.TryGetValue(queue, out var cached) && cached.Revision == revision)
        {
            return cached.Definition;
        }
        var definition = QueueTerms.Read(queue, sql).InForce;
        known[queue] = (revision, definition);
        return definition;
    }
}
