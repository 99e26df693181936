using System.Globalization;
using Npgsql;
using Quartz;

namespace QuartzPeer;

/// <summary>Jobs of one trigger each, which are due at once.</summary>
internal static class Backlog
{
    // A trigger that is late only because its turn had not come yet fires all the same.
    private const SimpleTriggerMisfireInstruction Always = SimpleTriggerMisfireInstruction.IgnoreMisfires;

    public static async Task AddAsync(IScheduler scheduler, int first, int count)
    {
        var jobs = new Dictionary<IJobDetail, IReadOnlyCollection<ITrigger>>();
        foreach (var number in Enumerable.Range(first, count))
        {
            var name = number.ToString(CultureInfo.InvariantCulture);
            var job = JobBuilder.Create<NoOp>().WithIdentity(name).Build();
            jobs[job] = [TriggerBuilder.Create().WithIdentity(name).ForJob(job).StartNow().WithSimpleSchedule(static once => once.WithMisfireInstruction(Always)).Build()];
        }
        await scheduler.ScheduleJobs(jobs);
    }

    public static async Task<bool> IsLeftAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("SELECT 1 FROM qrtz_triggers UNION ALL SELECT 1 FROM qrtz_fired_triggers LIMIT 1", connection);
        return await command.ExecuteScalarAsync() is not null;
    }
}
