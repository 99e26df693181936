namespace Fairlead.PostgreSql;

/// <summary>
/// Finds groups, and states of groups' own limits, of which nothing is to be remembered. There may be very many, so each look goes on where the last one
/// ended: a part of the table by its key, outside of any writing transaction.
/// </summary>
internal sealed class IdleThings
{
    private const int PageSize = 10_000;
    private const int Most = 1000;

    private readonly Lock gate = new();
    private long afterGroup;
    private (long Limit, string Key) afterState = (0, "");

    /// <summary>The next groups that are at rest.</summary>
    public long[] Groups(Statements sql, long now)
    {
        lock (gate)
        {
            var found = new List<long>();
            var row = sql["groups_at_rest"].Add(now).Add(afterGroup).Add(PageSize);
            var read = 0;
            for (; found.Count < Most && row.Step(); read++)
            {
                afterGroup = row.Long(0);
                if (row.Long(1) != 0)
                {
                    found.Add(afterGroup);
                }
            }
            afterGroup = found.Count == Most || read == PageSize ? afterGroup : 0;
            return [.. found];
        }
    }

    /// <summary>The next states that were not used since.</summary>
    public List<(string Limit, string Key, long Id)> LimitStates(Statements sql, long unusedSince)
    {
        lock (gate)
        {
            var found = new List<(string, string, long)>();
            var row = sql["unused_limit_states"].Add(unusedSince).Add(afterState.Limit).Add(afterState.Key).Add(PageSize);
            var read = 0;
            for (; found.Count < Most && row.Step(); read++)
            {
                afterState = (row.Long(2), row.Text(1));
                if (row.Long(3) != 0)
                {
                    found.Add((row.Text(0), row.Text(1), row.Long(2)));
                }
            }
            afterState = found.Count == Most || read == PageSize ? afterState : (0, "");
            return found;
        }
    }
}
