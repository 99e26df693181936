using Fairlead.Schedules;
using Fairlead.Storage;

namespace Fairlead.Cli.Status;

/// <summary>
/// All queues in one line: <c>AI: 3/3 workers, 4 jobs | UPLOAD: 2/2 workers, 1 job</c>. Workers are the processes of a queue that has some on a
/// live node, else the attempts that run; jobs are those that wait, what runs not counted.
/// </summary>
internal static class StatusText
{
    public static async ValueTask<string> ReadAsync(IJobQueries store, CancellationToken cancellationToken) =>
        Of(await store.ListQueuesAsync(cancellationToken), await store.ListPoolsAsync(cancellationToken));

    /// <summary>Queues of runs that are over are left out: each run leaves one behind, and they say nothing. So are those of cycles, whose jobs stand in others' queues.</summary>
    public static string Of(IReadOnlyList<QueueInfo> queues, IReadOnlyList<NodePool> pools)
    {
        var byQueue = pools.ToLookup(static on => on.Pool.Queue, static on => on.Pool, StringComparer.Ordinal);
        var parts = queues.Where(static queue => !IsFinishedRun(queue) && !ScheduleRules.IsReserved(queue.Name)).Select(queue => Part(queue, [.. byQueue[queue.Name]])).ToArray();
        return parts.Length == 0 ? "No queue has work." : string.Join(" | ", parts);
    }

    private static bool IsFinishedRun(QueueInfo queue) =>
        queue.Name.StartsWith(Runs.RunPlan.QueuePrefix, StringComparison.Ordinal) && queue.Jobs.Processing + Waiting(queue) == 0;

    private static string Part(QueueInfo queue, PoolReport[] pools)
    {
        var waiting = Waiting(queue);
        return $"{queue.Definition?.Label ?? queue.Name}: {Workers(queue, pools)} workers, {waiting} {(waiting == 1 ? "job" : "jobs")}";
    }

    /// <summary>Several nodes may have room for more processes than the cluster may have jobs running.</summary>
    private static string Workers(QueueInfo queue, PoolReport[] pools)
    {
        var most = queue.InForce?.MaxConcurrent;
        if (pools.Length > 0)
        {
            var processes = pools.Sum(static pool => pool.Workers.Count);
            return $"{processes}/{Math.Min(pools.Sum(static pool => pool.Most), most ?? int.MaxValue)}";
        }
        return most is null ? $"{queue.Jobs.Processing}" : $"{queue.Jobs.Processing}/{most}";
    }

    private static long Waiting(QueueInfo queue) => queue.Jobs.Queued + queue.Jobs.Scheduled + queue.Jobs.Blocked;
}
