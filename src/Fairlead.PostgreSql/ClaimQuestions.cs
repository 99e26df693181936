using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>One queue of a claim, with what was asked of it.</summary>
internal sealed record ClaimedQueue(long Id, QueueClaim Asked, IReadOnlyList<long> Kinds)
{
    /// <summary>When its next scheduled job comes due; null for none.</summary>
    public long? NextDue { get; set; }

    /// <summary>Whether any of its jobs waits for an empty node.</summary>
    public bool AnySolo { get; set; }

    /// <summary>Its ready jobs without a group by kind, as they were asked; null when they have to be asked again.</summary>
    public Dictionary<long, Statement>? Ready { get; set; }

    /// <summary>What it takes to share it between groups; null where it has none.</summary>
    public GroupQuestions? Groups { get; set; }
}

/// <summary>What a claim asks first, for all its queues in one round trip: about the node, the queues, their blocks, and, where the lines are few, their ready jobs.</summary>
internal sealed class ClaimQuestions
{
    // So many lines are read at a venture; where there are more it is asked first which of them hold anything.
    private const int FewLines = 4;

    private readonly ClaimRequest request;
    private readonly Statement facts;
    private readonly Statement look;
    private readonly HashSet<string> keys;
    private readonly Statement? lines;

    private ClaimQuestions(Statements sql, ClaimRequest request, List<ClaimedQueue> queues, DefinitionCache definitions)
    {
        (this.request, Queues) = (request, queues);
        long[] ids = [.. queues.Select(static queue => queue.Id)];
        keys = [.. queues.Select(static queue => queue.Asked.Queue), .. ids.SelectMany(definitions.LimitsOf)];
        Node = sql["node_for_claim"].Add(request.Node.Value).Ahead();
        facts = sql["queue_facts"].Add(ids).Ahead();
        look = sql["claim_look"].Add(ids).Ahead();
        Blocks = sql["open_blocks"].Add(ids).Add([.. keys]).Ahead();
        if (queues.Sum(static queue => queue.Kinds.Count) <= FewLines)
        {
            queues.ForEach(queue => AskReady(sql, queue));
            return;
        }
        var pairs = queues.SelectMany(static queue => queue.Kinds.Select(kind => (Queue: queue.Id, Kind: kind))).ToList();
        lines = sql["lines_ready"].Add([.. pairs.Select(static pair => pair.Queue)]).Add([.. pairs.Select(static pair => pair.Kind)]).Ahead();
    }

    public List<ClaimedQueue> Queues { get; }

    /// <summary>The node's lease, and what it runs alone.</summary>
    public Statement Node { get; }

    /// <summary>The blocks that last, of <see cref="Covers" />.</summary>
    public Statement Blocks { get; }

    /// <summary>Asks with the transaction's beginning; null when a name is not known yet.</summary>
    public static ClaimQuestions? Ahead(Statements sql, ClaimRequest request, NameTable names, DefinitionCache definitions)
    {
        var queues = new List<ClaimedQueue>(request.Queues.Count);
        foreach (var asked in request.Queues)
        {
            var kinds = new List<long>(asked.Kinds.Count);
            foreach (var name in asked.Kinds)
            {
                if (!names.TryKind(name, out var kind))
                {
                    return null;
                }
                kinds.Add(kind);
            }
            if (!names.TryQueue(asked.Queue, out var queue))
            {
                return null;
            }
            queues.Add(new(queue, asked, kinds));
        }
        return new(sql, request, queues, definitions);
    }

    /// <summary>Asks inside a transaction; what the store has never heard of is left out.</summary>
    public static ClaimQuestions Ask(Session session, ClaimRequest request, DefinitionCache definitions)
    {
        var queues = new List<ClaimedQueue>(request.Queues.Count);
        foreach (var asked in request.Queues)
        {
            if (session.TryQueue(asked.Queue, out var queue))
            {
                queues.Add(new(queue, asked, [.. asked.Kinds.Where(kind => session.TryKind(kind, out _)).Select(session.Kind)]));
            }
        }
        return new(session.Sql, request, queues, definitions);
    }

    /// <summary>Takes the answers.</summary>
    public void Read(Session session)
    {
        session.LearnFacts(facts);
        ReadLook(look);
        if (lines is null)
        {
            return;
        }
        Queues.ForEach(static queue => queue.Ready = []);
        while (lines.Step())
        {
            var queue = Queues.Find(queue => queue.Id == lines.Long(0))!;
            queue.Ready![lines.Long(1)] = ReadyJobs(session.Sql, queue, lines.Long(1)).Ahead();
        }
    }

    /// <summary>Whether the blocks of that key were asked.</summary>
    public bool Covers(string key) => keys.Contains(key);

    /// <summary>Jobs have become due: what was asked of the queue before does not hold any more.</summary>
    public void AskAgain(Session session, ClaimedQueue queue)
    {
        ReadLook(session.Sql["claim_look"].Add([queue.Id]));
        AskReady(session.Sql, queue);
    }

    private void ReadLook(Statement row)
    {
        while (row.Step())
        {
            var queue = Queues.Find(queue => queue.Id == row.Long(0))!;
            (queue.NextDue, queue.AnySolo) = (row.MaybeLong(1), row.Long(2) != 0);
        }
    }

    private void AskReady(Statements sql, ClaimedQueue queue)
    {
        queue.Ready = [];
        foreach (var kind in queue.Kinds)
        {
            queue.Ready[kind] = ReadyJobs(sql, queue, kind).Ahead();
        }
    }

    private Statement ReadyJobs(Statements sql, ClaimedQueue queue, long kind) =>
        sql["ready_jobs"].Add(queue.Id).Add(kind).Add(Math.Max(0, Math.Min(queue.Asked.Slots, request.Slots)) + 1L);
}
