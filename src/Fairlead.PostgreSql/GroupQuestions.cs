namespace Fairlead.PostgreSql;

/// <summary>What a claim asks of a queue with groups, in one round trip: whose block is over, the jobs without a group, and the groups that go next with their jobs.</summary>
internal sealed class GroupQuestions
{
    // So many of the blocks that end next are read; a claim that touches them all asks once more.
    private const int Wakes = 64;

    private readonly Session session;
    private readonly ClaimedQueue queue;
    private readonly int wanted;
    private readonly Statement wakes;
    private readonly Statement others;
    private readonly Statement ungrouped;
    private readonly Statement ungroupedLanes;
    private readonly Statement estimates;

    public GroupQuestions(Session session, ClaimedQueue queue, int wanted)
    {
        (this.session, this.queue, this.wanted) = (session, queue, wanted);
        var sql = session.Sql;
        // The order is asked of the table: due jobs may have brought groups into reach in this very operation.
        session.WriteGroups();
        wakes = sql["next_wakes"].Add(queue.Id).Add(Wakes).Ahead();
        others = sql["others_ready"].Add(queue.Id).Add([.. queue.Kinds]).Ahead();
        ungrouped = sql["groups_named"].Add(queue.Id).Add([""]).Ahead();
        ungroupedLanes = sql["lanes_named"].Add(queue.Id).Add([""]).Ahead();
        estimates = sql["line_estimates"].Add([queue.Id]).Ahead();
        Line = new FairLine(session, queue, wanted);
    }

    /// <summary>The groups in the order in which they go next.</summary>
    public FairLine Line { get; private set; }

    /// <summary>Whether jobs without a group wait of kinds that the node does not know.</summary>
    public bool OthersReady { get; private set; }

    /// <summary>Takes the answers; groups whose time has come are in reach again, and the order is asked again then.</summary>
    public GroupEntry Read()
    {
        session.LearnGroups(ungrouped, ungroupedLanes);
        session.LearnEstimates([queue.Id], estimates);
        OthersReady = others.Any();
        var entry = session.Group(queue.Id, "");
        if (Due() is { Count: > 0 } due)
        {
            session.WakeGroups(due);
            Line = new FairLine(session, queue, wanted);
        }
        return entry;
    }

    /// <summary>When the next block of a group is over, as this operation leaves it.</summary>
    public long? NextWake()
    {
        var next = session.NextWake(queue.Id);
        for (var row = 0; row < wakes.Count; row++)
        {
            if (!session.Knows(wakes.At(row).Long(0)))
            {
                return Math.Min(next ?? long.MaxValue, wakes.Long(1));
            }
        }
        return wakes.Count < Wakes ? next : AskNextWake();
    }

    private long? AskNextWake()
    {
        session.WriteGroups();
        var row = session.Sql["next_wakes"].Add(queue.Id).Add(1);
        return row.Step() ? row.Long(1) : null;
    }

    private List<long> Due()
    {
        var due = new List<long>();
        for (var row = 0; row < wakes.Count && wakes.At(row).Long(1) <= session.Now; row++)
        {
            due.Add(wakes.Long(0));
        }
        return due.Count < Wakes ? due : session.GroupsToWake(queue.Id);
    }
}
