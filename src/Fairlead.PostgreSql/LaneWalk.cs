namespace Fairlead.PostgreSql;

/// <summary>
/// The groups of a queue that have ready jobs of one kind and that nothing blocks, by their start tags, read in pages with the groups themselves and
/// with as many of their jobs as a fair share needs. The first page is asked ahead.
/// </summary>
internal sealed class LaneWalk
{
    private const int LargestPage = 1024;

    private readonly Session session;
    private readonly long queue;
    private readonly long kind;
    private readonly int wanted;
    private readonly GroupHeads heads;
    private readonly Queue<(double Tag, long Group)> upcoming = new();
    private readonly int size;
    private (double Tag, long Group) last = (double.MinValue, 0);
    private Statement? page;
    private Statement? groups;
    private Statement? lanes;
    private bool isEnd;

    public LaneWalk(Session session, long queue, long kind, int wanted, GroupHeads heads)
    {
        (this.session, this.queue, this.kind, this.wanted, this.heads) = (session, queue, kind, Math.Max(1, wanted), heads);
        size = Math.Min(this.wanted + 1, LargestPage);
        Ask();
    }

    /// <summary>The next group; null at the end.</summary>
    public (double Tag, long Group)? Next()
    {
        if (upcoming.Count == 0)
        {
            Read();
        }
        return upcoming.TryDequeue(out var next) ? next : null;
    }

    private void Ask()
    {
        page = Page("lanes_in_reach").Add(wanted).Ahead();
        groups = Page("groups_in_reach").Ahead();
        lanes = Page("lanes_of_those").Ahead();
    }

    private Statement Page(string name) => session.Sql[name].Add(queue).Add(kind).Add(last.Tag).Add(last.Group).Add(size);

    private void Read()
    {
        if (isEnd)
        {
            return;
        }
        if (page is null)
        {
            Ask();
        }
        for (var row = 0; row < page!.Count; row++)
        {
            var next = (page.At(row).Double(1), page.Long(0));
            if (next != last)
            {
                upcoming.Enqueue(last = next);
            }
            heads.Add(last.Group, kind, page, row);
        }
        session.LearnGroups(groups!, lanes!);
        (page, isEnd) = (null, upcoming.Count < size);
    }
}
