using System.Globalization;
using Npgsql;
using Quartz;

namespace QuartzPeer;

/// <summary>One job with a trigger for each run of it, all due at once: the shape that is quickest for it.</summary>
internal static class Backlog
{
    // A trigger that is late only because its turn had not come yet fires all the same.
    private const SimpleTriggerMisfireInstruction Always = SimpleTriggerMisfireInstruction.IgnoreMisfires;

    public static async Task AddAsync(IScheduler scheduler, int first, int count)
    {
        var job = JobBuilder.Create<NoOp>().WithIdentity("noop").StoreDurably().Build();
        var triggers = Enumerable.Range(first, count).Select(number => Once(job, number.ToString(CultureInfo.InvariantCulture))).ToList();
        await scheduler.ScheduleJobs(new Dictionary<IJobDetail, IReadOnlyCollection<ITrigger>> { [job] = triggers }, new ScheduleJobOptions { Replace = true });
    }

    private static ITrigger Once(IJobDetail job, string name) =>
        TriggerBuilder.Create().WithIdentity(name).ForJob(job).StartNow().WithSimpleSchedule(static once => once.WithMisfireInstruction(Always)).Build();

    public static async Task<bool> IsLeftAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("SELECT 1 FROM qrtz_triggers UNION ALL SELECT 1 FROM qrtz_fired_triggers LIMIT 1", connection);
        return await command.ExecuteScalarAsync() is not null;
    }
}
