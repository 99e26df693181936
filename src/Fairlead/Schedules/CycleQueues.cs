using Fairlead.Engine;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Schedules;

/// <summary>The queues that cycles run in: theirs, and one for the targets of each schedule. Only nodes that declare a schedule run its kind there.</summary>
internal static class CycleQueues
{
    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(60);

    /// <summary>What makes work comes before all other work: it takes a slot for a moment only, and must not stand behind long jobs for it.</summary>
    private const int Foremost = 1000;

    /// <summary>The settings of a node that serves schedules too.</summary>
    public static NodeSettings AddTo(NodeSettings settings, IReadOnlyList<ScheduledWork> schedules, IJobStore store, ILogger logger)
    {
        var cycles = schedules.Where(static schedule => schedule.Fan is not null).ToList();
        if (cycles.Count == 0)
        {
            return settings with { Schedules = schedules };
        }
        var worker = new CycleWorker(cycles, store, new Random(settings.Random.Next()), logger);
        ServedQueue[] queues = [new(Cycles, [.. cycles.Select(static cycle => new JobKind(cycle.Definition.Name))]), .. cycles.Select(TargetsOf)];
        return settings with
        {
            Schedules = schedules,
            Queues = [.. queues, .. settings.Queues],
            OwnWorkers = settings.OwnWorkers.Concat(queues.Select(queue => KeyValuePair.Create(queue.Definition.Name, (IWorker)worker))).ToDictionary(StringComparer.Ordinal),
        };
    }

    private static QueueDefinition Cycles { get; } = new() { Name = ScheduleRules.CycleQueue, Timeout = AttemptTimeout, Retries = 3, Priority = Foremost };

    private static ServedQueue TargetsOf(ScheduledWork schedule)
    {
        var cycle = schedule.Definition.Cycle!;
        return new(
            new QueueDefinition
            {
                Name = ScheduleRules.TargetQueue(schedule.Definition.Name),
                MaxConcurrent = cycle.Sequential ? 1 : cycle.MaxGroups,
                GroupConcurrency = cycle.Overlap is ScheduleOverlap.Queue or ScheduleOverlap.Replace ? 1 : null,
                Timeout = AttemptTimeout,
                Retries = 3,
                Priority = Foremost,
            },
            [new JobKind(schedule.Definition.Name)]);
    }
}
