namespace Fairlead.PostgreSql;

/// <summary>Writes new rows by one statement a table, whatever their number.</summary>
internal static class NewRowsWriter
{
    // So many payloads travel in one message, and a server holds no more of them at once.
    private const int RowsPerStatement = 2000;

    public static void Write(NewRows rows, Statements sql)
    {
        foreach (var jobs in rows.Jobs.Chunk(RowsPerStatement))
        {
            WriteJobs(jobs, sql);
        }
        WriteReady(rows.Ready, sql);
        WriteGrouped(rows.Grouped, sql);
        WriteWaiting(rows.Waiting, sql);
        WriteRest(rows, sql);
        rows.Clear();
    }

    private static void WriteJobs(NewJobRow[] jobs, Statements sql)
    {
        var places = Array.ConvertAll(jobs, static job => job.Place);
        sql["add_jobs"].Add(Of(places, static p => p.Job)).Add(Of(places, static p => p.Queue)).Add(Of(places, static p => p.Kind))
            .Add(Of(places, static p => -p.Priority)).Add(Of(jobs, static j => j.EnqueuedAt)).Add(Array.ConvertAll(places, static p => p.MaybeBatch))
            .Add(Of(places, static p => (long)p.Flags)).Add(Array.ConvertAll(jobs, static j => j.Deadline)).Add(Array.ConvertAll(places, static p => p.Group))
            .Add(Array.ConvertAll(jobs, static j => j.UniqueKey)).Add(Array.ConvertAll(jobs, static j => j.Extras))
            .Add(Array.ConvertAll(jobs, static j => j.Payload.IsEmpty ? null : j.Payload.ToArray())).Run();
    }

    private static void WriteReady(List<Place> ready, Statements sql)
    {
        if (ready.Count > 0)
        {
            Place[] places = [.. ready];
            sql["add_new_readies"].Add(Of(places, static p => p.Queue)).Add(Of(places, static p => p.Kind)).Add(Of(places, static p => p.Priority))
                .Add(Of(places, static p => p.Job)).Add(Array.ConvertAll(places, static p => p.MaybeBatch)).Add(Of(places, static p => (long)p.Flags))
                .Add(Of(places, static p => p.Since)).Run();
        }
    }

    private static void WriteGrouped(List<(long Group, Place Place)> grouped, Statements sql)
    {
        if (grouped.Count > 0)
        {
            var places = grouped.ConvertAll(static row => row.Place).ToArray();
            sql["add_groupeds"].Add([.. grouped.ConvertAll(static row => row.Group)]).Add(Of(places, static p => p.Kind)).Add(Of(places, static p => p.Priority))
                .Add(Of(places, static p => p.Job)).Add(Array.ConvertAll(places, static p => p.MaybeBatch)).Add(Of(places, static p => (long)p.Flags))
                .Add(Of(places, static p => p.Attempt)).Add(Of(places, static p => p.Fence)).Add(Of(places, static p => p.Lost)).Add(Of(places, static p => p.Since)).Run();
        }
    }

    private static void WriteWaiting(List<NewWaitingRow> waiting, Statements sql)
    {
        if (waiting.Count > 0)
        {
            NewWaitingRow[] rows = [.. waiting];
            sql["add_waitings"].Add(Of(rows, static r => r.Place.Job)).Add(Of(rows, static r => (long)r.State)).Add(Of(rows, static r => r.Place.Queue))
                .Add(Of(rows, static r => r.Place.Priority)).Add(Array.ConvertAll(rows, static r => r.Place.MaybeBatch)).Add(Array.ConvertAll(rows, static r => r.Due))
                .Add(Of(rows, static r => (long)r.Cause)).Add(Of(rows, static r => r.Blockers)).Add(Of(rows, static r => r.Place.Since)).Run();
        }
    }

    private static void WriteRest(NewRows rows, Statements sql)
    {
        if (rows.Keys.Count > 0)
        {
            sql["take_keys"].Add([.. rows.Keys.ConvertAll(static k => k.Queue)]).Add([.. rows.Keys.ConvertAll(static string? (k) => k.Key)])
                .Add([.. rows.Keys.ConvertAll(static k => k.Job)]).Run();
        }
        if (rows.Dependencies.Count > 0)
        {
            sql["add_dependencies"].Add([.. rows.Dependencies.ConvertAll(static d => d.OnJob)]).Add([.. rows.Dependencies.ConvertAll(static d => d.Job)]).Run();
        }
        if (rows.Deadlines.Count > 0)
        {
            sql["add_deadlines"].Add([.. rows.Deadlines.ConvertAll(static d => d.At)]).Add([.. rows.Deadlines.ConvertAll(static d => d.Job)]).Run();
        }
    }

    private static long[] Of<T>(T[] rows, Converter<T, long> value) => Array.ConvertAll(rows, value);
}
