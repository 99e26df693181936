namespace Fairlead.PostgreSql;

/// <summary>The groups of a queue that have ready jobs of one kind and that nothing blocks, by their start tags, read in pages that grow.</summary>
internal sealed class LaneWalk(Statements sql, long queue, long kind)
{
    private const int LargestPage = 1024;
    private (double Tag, long Group) last = (double.MinValue, 0);
    private Statement? page;
    private int size = 16, left;

    /// <summary>The next group; null at the end.</summary>
    public (double Tag, long Group)? Next()
    {
        if (left == 0)
        {
            (page, left) = (sql["groups_in_reach"].Add(queue).Add(kind).Add(last.Tag).Add(last.Group).Add(size), size);
            size = Math.Min(size * 4, LargestPage);
        }
        if (!page!.Step())
        {
            return null;
        }
        left--;
        return last = (page.Double(1), page.Long(0));
    }
}
