using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>
/// The next ready jobs of the groups of one queue, over the kinds that a node knows: read with their lanes, and for all groups that run short
/// together where more are needed.
/// </summary>
internal sealed class GroupHeads(Session session, long queue, IReadOnlyList<long> kinds)
{
    // Job columns in an answer begin behind the two that name the lane.
    private const int First = 2;
    private const int SmallestRead = 32, LargestRead = 1024;

    private readonly Dictionary<(long Group, long Kind), Buffer> buffers = [];
    private int size = SmallestRead;

    /// <summary>A job of a lane as its page holds it; a row without a job says that there is none.</summary>
    public void Add(long group, long kind, Statement rows, int row)
    {
        if (rows.At(row).IsNull(First + 1))
        {
            return;
        }
        var buffer = Of(group, kind);
        buffer.Last = (rows.Long(First), rows.Long(First + 1));
        buffer.Rows.Enqueue((rows, row));
    }

    /// <summary>The job of a group that goes next; null when it has none that the node knows.</summary>
    public GroupJob? Next(GroupEntry group)
    {
        GroupJob? best = null;
        foreach (var kind in kinds)
        {
            if (Next(group, kind) is { } next && (best is null || (next.Place.Priority, next.Place.Job).CompareTo((best.Place.Priority, best.Place.Job)) < 0))
            {
                best = next;
            }
        }
        return best;
    }

    /// <summary>The job that goes next is taken.</summary>
    public void Pass(GroupEntry group, long kind)
    {
        var buffer = Of(group.Id, kind);
        buffer.Rows.Dequeue();
        buffer.Next = null;
    }

    private GroupJob? Next(GroupEntry group, long kind)
    {
        if (!group.Lanes.TryGetValue(kind, out var lane) || lane.Ready <= 0)
        {
            return null;
        }
        var buffer = Of(group.Id, kind);
        if (buffer.Rows.Count == 0 && !buffer.IsEnd)
        {
            Refill();
        }
        return buffer.Next ??= buffer.Rows.TryPeek(out var head) ? Read(group, kind, head.Rows.At(head.Row)) : null;
    }

    /// <summary>All lanes that have run short, not only the one that is asked for: the others come next.</summary>
    private void Refill()
    {
        var (empty, rows) = (buffers.Where(static lane => lane.Value is { Rows.Count: 0, IsEnd: false }).ToList(), new Rows());
        foreach (var ((group, kind), buffer) in empty)
        {
            rows.Add(group).Add(kind).Add(buffer.Last.Priority).Add(buffer.Last.Job).End();
        }
        var found = rows.To(session.Sql["group_heads"]).Add(size);
        for (var row = 0; row < found.Count; row++)
        {
            Add(found.At(row).Long(0), found.Long(1), found, row);
        }
        foreach (var (_, buffer) in empty)
        {
            buffer.IsEnd = buffer.Rows.Count < size;
        }
        size = Math.Min(size * 2, LargestRead);
    }

    private Buffer Of(long group, long kind)
    {
        if (!buffers.TryGetValue((group, kind), out var buffer))
        {
            buffers.Add((group, kind), buffer = new());
        }
        return buffer;
    }

    private GroupJob Read(GroupEntry group, long kind, Statement row)
    {
        var place = new Place
        {
            Queue = queue, Kind = kind, Priority = row.Long(First), Job = row.Long(First + 1), Batch = row.Long(First + 2), Flags = (JobFlags)row.Long(First + 3), Group = group.Name,
        };
        place.ReadWait(row, First + 4);
        return new(place, ReadyLine.Claimed(session, place, row, First + 8));
    }

    private sealed class Buffer
    {
        public readonly Queue<(Statement Rows, int Row)> Rows = new();
        public (long Priority, long Job) Last = (long.MinValue, 0);
        public GroupJob? Next;
        public bool IsEnd;
    }
}

/// <summary>A ready job of a group.</summary>
internal sealed record GroupJob(Place Place, ClaimedJob Job);
