using Fairlead.PostgreSql;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.Bench.PostgreSql;

/// <summary>A store in which so many jobs of so many groups wait, written straight into its tables: it would take hours through its door.</summary>
internal static class WaitingGroups
{
    /// <summary>Makes one, and has the store itself confirm what is in it.</summary>
    public static async Task<PostgreSqlJobStore> MakeAsync(string connectionString, int jobs, int groups)
    {
        var first = await FirstAsync(connectionString);
        await using (var connection = new NpgsqlConnection(connectionString))
        {
            await connection.OpenAsync();
            await FillAsync(new RowMultiplier(connection, PostgreSqlStoreOptions.DefaultSchema), first.Value, jobs, groups);
        }
        var store = new PostgreSqlJobStore(connectionString);
        await store.OpenAsync();
        await ConfirmAsync(store, jobs, groups);
        return store;
    }

    /// <summary>The name of a group, by its number.</summary>
    private static string Name(long number) => $"g{number:000000}";

    /// <summary>The one job that the store writes itself: the pattern of the others.</summary>
    private static async Task<JobId> FirstAsync(string connectionString)
    {
        await using var store = new PostgreSqlJobStore(connectionString);
        await store.OpenAsync();
        var node = (await store.JoinAsync(Scratch.Registration())).Node;
        var job = (await store.EnqueueAsync([Scratch.Jobs(1)[0] with { Group = Name(0) }]))[0].Id;
        await store.LeaveAsync(node);
        return job;
    }

    private static async Task FillAsync(RowMultiplier rows, long first, int jobs, int groups)
    {
        var group = $"(SELECT id FROM fairlead.group WHERE name = '{Name(0)}')";
        var each = jobs / groups;
        await rows.AddAsync("job", $"id = {first}", 1, jobs - 1, ("id", "sample.id + i"), ("group_key", $"'g' || lpad((i % {groups})::text, 6, '0')"));
        await rows.AddAsync("grouped", $"job = {first}", 1, jobs - 1, ("job", "sample.job + i"), ("grp", $"sample.grp + i % {groups}"));
        await rows.ExecuteAsync($"UPDATE fairlead.group SET ready = {each} WHERE id = {group}");
        await rows.ExecuteAsync($"UPDATE fairlead.lane SET ready = {each} WHERE grp = {group}");
        await rows.AddAsync("group", $"id = {group}", 1, groups - 1, ("id", "sample.id + i"), ("name", "'g' || lpad(i::text, 6, '0')"));
        await rows.AddAsync("lane", $"grp = {group}", 1, groups - 1, ("grp", "sample.grp + i"));
        await rows.ExecuteAsync($"UPDATE fairlead.queue SET groups = groups + {groups - 1}");
        await rows.ExecuteAsync($"UPDATE fairlead.tally SET queued = queued + {jobs - 1}");
        await rows.ExecuteAsync($"UPDATE fairlead.meta SET value = value + {jobs - 1} WHERE name = 'next_job'");
        await rows.ExecuteAsync("SELECT setval(pg_get_serial_sequence('fairlead.group', 'id'), (SELECT max(id) FROM fairlead.group))");
        await rows.ExecuteAsync("VACUUM ANALYZE");
        await rows.ExecuteAsync("CHECKPOINT");
    }

    private static async Task ConfirmAsync(PostgreSqlJobStore store, int jobs, int groups)
    {
        var queue = (await store.ListQueuesAsync()).Single();
        var listed = await store.ListGroupsAsync(queue.Name, groups + 10);
        var next = (await store.EnqueueAsync([Scratch.Jobs(1)[0] with { Group = Name(0) }]))[0].Id;
        var job = await store.GetJobAsync(new JobId(next.Value - 1));
        if (queue.Jobs.Queued != jobs || listed.Count != groups || listed.Sum(static group => (long)group.Ready) != jobs || job?.Group != Name((jobs - 1) % groups))
        {
            throw new InvalidOperationException($"Expected {jobs} jobs in {groups} groups; the store counts {queue.Jobs.Queued} in its queue, {listed.Sum(static group => (long)group.Ready)} in {listed.Count} groups.");
        }
    }
}
