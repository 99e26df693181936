using Fairlead.Batches;

namespace Fairlead.PostgreSql;

/// <summary>Exact counters by status: one row per queue and batch, added to once per transaction. Writing transactions of a store follow one after the other anyhow, so nobody waits for a row.</summary>
internal static class Tallies
{
    public static StateTally Read(Statements statements, long scope)
    {
        var row = statements["tally"].Add(scope);
        var tally = row.Step() ? From(row, 0) : default;
        return tally;
    }

    public static StateTally From(Statement row, int first) => new(
        row.Long(first), row.Long(first + 1), row.Long(first + 2), row.Long(first + 3),
        row.Long(first + 4), row.Long(first + 5), row.Long(first + 6), row.Long(first + 7));

    public static void Write(Statements statements, Dictionary<long, StateTally> deltas)
    {
        var rows = new Rows();
        foreach (var (scope, delta) in deltas)
        {
            if (delta != default)
            {
                rows.Add(scope).Add(delta.Scheduled).Add(delta.Queued).Add(delta.Blocked).Add(delta.Processing)
                    .Add(delta.Completed).Add(delta.Failed).Add(delta.Cancelled).Add(delta.TimedOut).End();
            }
        }
        if (rows.Count > 0)
        {
            rows.To(statements["add_to_tally"]).Run();
        }
    }
}
