using Fairlead.Storage;

namespace Fairlead.Schedules;

/// <summary>Reads what cycles did from the jobs they are made of.</summary>
internal sealed class CycleReader(IJobStore store)
{
    private const int PageSize = 1000;

    /// <summary>The newest cycles of a schedule, the newest first, each with all that is known about it.</summary>
    /// <param name="schedule">A schedule with a <see cref="ScheduleDefinition.Cycle" />; for others the list is empty.</param>
    /// <param name="now">The store's time (<see cref="ScheduleDesk.FindAsync" />): what runs is counted up to it.</param>
    /// <param name="limit">How many at most; 1 or more.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public async ValueTask<IReadOnlyList<CycleRecord>> ListAsync(ScheduleDefinition schedule, DateTimeOffset now, int limit, CancellationToken cancellationToken = default)
    {
        var cycles = new List<CycleRecord>();
        var queues = (await store.ListQueuesAsync(cancellationToken)).ToDictionary(static queue => queue.Name, static queue => queue.InForce?.MaxConcurrent, StringComparer.Ordinal);
        var query = new JobQuery { Queue = ScheduleRules.CycleQueue, NewestFirst = true };
        for (JobId? cursor = null; ;)
        {
            var page = await store.ListJobsAsync(query with { Cursor = cursor }, cancellationToken);
            foreach (var job in page.Jobs.Where(job => job.Kind.Name == schedule.Name))
            {
                cycles.Add(await ReadAsync(schedule, job, now, queues, cancellationToken));
                if (cycles.Count == limit)
                {
                    return cycles;
                }
            }
            if ((cursor = page.Next) is null)
            {
                return cycles;
            }
        }
    }

    /// <summary>One cycle without what only its workers' jobs tell: their slowest, and the bound.</summary>
    public async ValueTask<CycleRecord> TargetsAsync(ScheduleDefinition schedule, Job job, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (record, _) = await WithTargetsAsync(schedule, job, now, cancellationToken);
        return record;
    }

    private async ValueTask<CycleRecord> ReadAsync(ScheduleDefinition schedule, Job job, DateTimeOffset now, Dictionary<string, int?> queues, CancellationToken cancellationToken)
    {
        var (record, items) = await WithTargetsAsync(schedule, job, now, cancellationToken);
        var times = new CycleTimes(schedule.Cycle!, queues);
        foreach (var item in items)
        {
            var jobs = IsListed(schedule) ? await ItemsAsync(item.Children, cancellationToken) : [item];
            times.Add(KeyOf(schedule, item), [.. jobs.Where(static job => job.StartedAt is not null).Select(job => new CycleTime(job.Queue, SecondsOf(job, now)))]);
        }
        return record with { SlowestWorker = record.Slowest is { } slowest ? times.SlowestWorkerOf(slowest.Key) : null, Bound = times.Bound };
    }

    private async ValueTask<(CycleRecord Record, List<Job> Items)> WithTargetsAsync(ScheduleDefinition schedule, Job job, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var batch = job.Children is { } children ? await store.GetJobAsync(children, cancellationToken) : null;
        var items = await ItemsAsync(job.Children, cancellationToken);
        var tally = batch?.BatchState?.Items ?? default;
        var record = new CycleRecord
        {
            Schedule = schedule.Name,
            Job = job.Id,
            Due = job.ScheduledFor,
            StartedAt = job.StartedAt,
            EndedAt = job.EndedAt,
            Status = job.Status,
            Error = job.Error,
            Targets = tally.Total,
            Completed = tally.Completed,
            Failed = tally.Failed + tally.Cancelled,
            LeftOut = job.ChildrenLeftOut,
            Slowest = items.Where(static item => item.StartedAt is not null).Select(item => (CycleTime?)new CycleTime(KeyOf(schedule, item), SecondsOf(item, now))).MaxBy(static time => time!.Value.Seconds),
        };
        return (record, items);
    }

    private async ValueTask<List<Job>> ItemsAsync(JobId? batch, CancellationToken cancellationToken)
    {
        var items = new List<Job>();
        for (JobId? cursor = null; batch is not null;)
        {
            var page = await store.ListJobsAsync(new JobQuery { Batch = batch, Cursor = cursor, Limit = PageSize }, cancellationToken);
            items.AddRange(page.Jobs);
            batch = (cursor = page.Next) is null ? null : batch;
        }
        return items;
    }

    private static bool IsListed(ScheduleDefinition schedule) => schedule.Cycle?.Source is not null;

    /// <summary>Without a list of targets, the jobs of a round are what it is about.</summary>
    private static string KeyOf(ScheduleDefinition schedule, Job item) =>
        IsListed(schedule) ? item.UniqueKey ?? item.Group ?? JsonPointer.Text(item.Payload, schedule.Cycle!.Key ?? "") ?? item.Id.ToString() : item.Queue;

    private static double SecondsOf(Job job, DateTimeOffset now) => ((job.EndedAt ?? now) - job.StartedAt!.Value).TotalSeconds;
}
