using Fairlead.Policies;

namespace Fairlead.PostgreSql;

/// <summary>What is known of the queues an operation touches.</summary>
internal sealed partial class Session
{
    private readonly Dictionary<long, QueueFacts> facts = [];
    private readonly HashSet<long> redefined = [];

    /// <summary>Something else is in force for a queue. What this transaction reads of it is not remembered: if it is rolled back, its revision comes again with another text.</summary>
    public void Redefine(long queue, QueueTerms terms)
    {
        terms.Write(queue, statements);
        redefined.Add(queue);
        facts.Remove(queue);
    }

    /// <summary>A queue as it stands in this transaction.</summary>
    public QueueFacts Facts(long queue)
    {
        if (!facts.TryGetValue(queue, out var known))
        {
            LearnFacts(statements["queue_facts"].Add([queue]));
            known = facts[queue];
        }
        return known;
    }

    /// <summary>Takes what <c>queue_facts</c> answered in this transaction.</summary>
    public void LearnFacts(Statement row)
    {
        while (row.Step())
        {
            facts.TryAdd(row.Long(8), ReadFacts(row, row.Long(8)));
        }
    }

    /// <summary>How many jobs of a queue run, as this operation leaves it.</summary>
    public long Processing(long queue) => Facts(queue).Processing + deltas.GetValueOrDefault(-queue).Processing;

    private QueueFacts ReadFacts(Statement row, long queue)
    {
        var (paused, max, revision) = (row.Long(0) != 0, row.MaybeLong(1), row.Long(2));
        var budget = new RetryBudget(row.Long(3), row.Time(4));
        var (groups, clock, outage) = (row.Long(5), row.Double(6), row.MaybeText(7));
        return new()
        {
            Paused = paused, MaxConcurrent = max, Budget = budget,
            Definition = redefined.Contains(queue) ? QueueTerms.Read(queue, statements).InForce : definitions.Of(queue, revision, statements),
            HasGroups = groups > 0, FairClock = clock, Outage = BreakerText.Read(outage), Processing = row.Long(9),
        };
    }

    private void WriteFacts()
    {
        foreach (var (queue, known) in facts)
        {
            if (known.BudgetChanged)
            {
                statements["set_budget"].Add(queue).Add(known.Budget.Credit).Add(Moment.Of(known.Budget.NextSlot)).Run();
                known.BudgetChanged = false;
            }
            if (known.FairChanged)
            {
                statements["set_fair"].Add(queue).Add(known.FairClock).Add(BreakerText.Write(known.Outage)).Run();
                known.FairChanged = false;
            }
        }
    }
}
