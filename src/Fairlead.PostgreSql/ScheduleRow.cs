using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>A schedule as it is kept: its texts, and what they say.</summary>
/// <param name="Definition">The definition as text: two are the same when their texts are.</param>
/// <param name="Record">The schedule itself.</param>
internal sealed record ScheduleRow(string Definition, ScheduleRecord Record)
{
    /// <summary>The schedule of that name; null when there is none.</summary>
    public static ScheduleRow? Find(Statements sql, string name, long now)
    {
        var row = sql["schedule"].Add(now).Add(name);
        var found = row.Step() ? Read(row) : null;
        return found;
    }

    /// <summary>All of them by name.</summary>
    public static List<ScheduleRow> All(Statements sql, long now)
    {
        var found = new List<ScheduleRow>();
        var row = sql["schedules"].Add(now);
        while (row.Step())
        {
            found.Add(Read(row));
        }
        return found;
    }

    private static ScheduleRow Read(Statement row) =>
        new(row.Text(1), new(ScheduleJson.ReadDefinition(row.Text(1)), ScheduleJson.ReadState(row.Text(2)), row.Long(3), row.Long(4) != 0));
}
