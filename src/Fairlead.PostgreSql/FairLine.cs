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
    private readonly List<long> kinds = [];
    private readonly List<LaneWalk> cursors = [];
    private readonly List<(double Tag, long Group)?> upcoming = [];
    private readonly SortedSet<GroupEntry> line = new(ByTag);
    private readonly HashSet<long> met = [];
    private readonly Dictionary<long, GroupHead> heads = [];
    private readonly List<(GroupEntry Group, Place Place, double Charged)> taken = [];

    private static readonly Comparer<GroupEntry> ByTag = Comparer<GroupEntry>.Create(static (a, b) =>
        a.State.Tag != b.State.Tag ? a.State.Tag.CompareTo(b.State.Tag) : a.Id.CompareTo(b.Id));

    public FairLine(Session session, long queue, IReadOnlyList<JobKind> known)
    {
        (this.session, this.queue) = (session, queue);
        foreach (var name in known)
        {
            if (session.TryKind(name, out var kind))
            {
                kinds.Add(kind);
                cursors.Add(new LaneWalk(session.Sql, queue, kind));
                upcoming.Add(null);
                Advance(cursors.Count - 1);
            }
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
            if (HeadOf(first).Find() is not null)
            {
                return first;
            }
            line.Remove(first);
        }
    }

    /// <summary>The job of a group that goes next.</summary>
    public ClaimedJob Head(GroupEntry group) => HeadOf(group).Find()!.Job;

    /// <summary>Takes the head of a group.</summary>
    /// <returns>Its batch; 0 for none.</returns>
    public long Take(GroupEntry group)
    {
        line.Remove(group);
        var head = HeadOf(group);
        var place = head.Find()!.Place;
        head.Pass();
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
        foreach (var (group, place, charged) in taken)
        {
            session.Sql["start_grouped"].Add(node).Add(session.Now).Add(group.Id).Add(place.Kind).Add(place.Priority).Add(place.Job)
                .Add(queue).Add(charged).Add((long)further).Run();
            session.Sql["remove_grouped"].Add(group.Id).Add(place.Kind).Add(place.Priority).Add(place.Job).Run();
        }
    }

    private void Load()
    {
        for (var i = 0; i < cursors.Count; i++)
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

    private void Advance(int cursor) => upcoming[cursor] = cursors[cursor].Next();

    private GroupHead HeadOf(GroupEntry group)
    {
        if (!heads.TryGetValue(group.Id, out var head))
        {
            heads.Add(group.Id, head = new(session, group, kinds));
        }
        return head;
    }

    /// <summary>The next job of one group over the kinds that the node knows.</summary>
    private sealed class GroupHead(Session session, GroupEntry group, List<long> kinds)
    {
        private readonly Dictionary<long, Candidate?> found = [];
        private readonly Dictionary<long, (long Priority, long Job)> passed = [];

        public Candidate? Find()
        {
            Candidate? best = null;
            foreach (var kind in kinds)
            {
                if (group.Lanes.ContainsKey(kind) && Of(kind) is { } next
                    && (best is null || (next.Place.Priority, next.Place.Job).CompareTo((best.Place.Priority, best.Place.Job)) < 0))
                {
                    best = next;
                }
            }
            return best;
        }

        public void Pass()
        {
            var place = Find()!.Place;
            passed[place.Kind] = (place.Priority, place.Job);
            found.Remove(place.Kind);
        }

        private Candidate? Of(long kind)
        {
            if (!found.TryGetValue(kind, out var candidate))
            {
                found.Add(kind, candidate = Read(kind));
            }
            return candidate;
        }

        private Candidate? Read(long kind)
        {
            var (priority, job) = passed.GetValueOrDefault(kind, (long.MinValue, 0));
            var row = session.Sql["group_head"].Add(group.Id).Add(kind).Add(priority).Add(job);
            if (!row.Step())
            {
                return null;
            }
            var place = new Place
            {
                Queue = group.Queue, Kind = kind, Priority = row.Long(0), Job = row.Long(1), Batch = row.Long(2), Flags = (JobFlags)row.Long(3), Group = group.Name,
            };
            place.ReadWait(row, 4);
            var candidate = new Candidate(place, ReadyLine.Claimed(session, place, row, 8));
            return candidate;
        }
    }

    private sealed record Candidate(Place Place, ClaimedJob Job);
}
