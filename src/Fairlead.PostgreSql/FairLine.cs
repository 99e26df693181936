using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>
/// The ready jobs of one queue's groups in the order in which they go next. The table is walked by start tag as far as it is needed; what
/// is taken moves its group back in memory, so each job costs a look at its group's head, however many groups and jobs there are.
/// </summary>
internal sealed class FairLine
{
    private readonly Session session;
    private readonly long queue;
    private readonly List<LaneWalk> walks = [];
    private readonly List<(double Tag, long Group)?> upcoming = [];
    private readonly SortedSet<GroupEntry> line = new(ByTag);
    private readonly HashSet<long> met = [];
    private readonly GroupHeads heads;
    private readonly List<(GroupEntry Group, Place Place, double Charged)> taken = [];
    private bool begun;

    private static readonly Comparer<GroupEntry> ByTag = Comparer<GroupEntry>.Create(static (a, b) =>
        a.State.Tag != b.State.Tag ? a.State.Tag.CompareTo(b.State.Tag) : a.Id.CompareTo(b.Id));

    /// <summary>Asks for the groups that go next, with the next question.</summary>
    public FairLine(Session session, ClaimedQueue queue, int wanted)
    {
        (this.session, this.queue) = (session, queue.Id);
        heads = new(session, queue.Id, queue.Kinds);
        foreach (var kind in queue.Kinds)
        {
            walks.Add(new(session, queue.Id, kind, wanted, heads));
            upcoming.Add(null);
        }
    }

    /// <summary>The group that goes next; null when none has a job that the node knows.</summary>
    public GroupEntry? First()
    {
        while (true)
        {
            Load();
            if (line.Min is not { } first)
            {
                return null;
            }
            if (heads.Next(first) is not null)
            {
                return first;
            }
            line.Remove(first);
        }
    }

    /// <summary>The job of a group that goes next.</summary>
    public ClaimedJob Head(GroupEntry group) => heads.Next(group)!.Job;

    /// <summary>Takes the head of a group.</summary>
    /// <returns>Its batch; 0 for none.</returns>
    public long Take(GroupEntry group)
    {
        line.Remove(group);
        var place = heads.Next(group)!.Place;
        heads.Pass(group, place.Kind);
        Session.TakeOut(group, place.Kind);
        taken.Add((group, place, session.Charge(group, place.Kind)));
        if (group.InReach)
        {
            line.Add(group);
        }
        return place.Batch;
    }

    /// <summary>A group lacks a permit of its own: it leaves the line until it can have one.</summary>
    public void Hold(GroupEntry group, WaitReason reason)
    {
        line.Remove(group);
        group.State.Held = reason;
        session.Reconsider(group);
    }

    /// <summary>Moves what was taken to its node. Nothing may be written before: the tables are being walked.</summary>
    public void Move(long node, JobFlags further)
    {
        var rows = new Rows();
        foreach (var (group, place, charged) in taken)
        {
            rows.Add(group.Id).Add(place.Kind).Add(place.Priority).Add(place.Job).Add((double?)charged).End();
        }
        if (rows.Count > 0)
        {
            rows.To(session.Sql["start_grouped"]).Add(node).Add(session.Now).Add(queue).Add((long)further).Run();
        }
    }

    private void Load()
    {
        for (var i = begun ? walks.Count : 0; i < walks.Count; i++)
        {
            Advance(i);
        }
        begun = true;
        for (var i = 0; i < walks.Count; i++)
        {
            while (upcoming[i] is { } next && (line.Min is not { } first || next.CompareTo((first.State.Tag, first.Id)) < 0))
            {
                Advance(i);
                if (met.Add(next.Group))
                {
                    line.Add(session.Group(next.Group));
                }
            }
        }
    }

    private void Advance(int walk) => upcoming[walk] = walks[walk].Next();
}
