using Fairlead.Cli.Configuration;
using Fairlead.Processes;
using Fairlead.Schedules;
using Fairlead.Schedules.Targets;

namespace Fairlead.Cli.Serving;

/// <summary>Makes what a node serves of the schedules of a file.</summary>
/// <param name="host">Where programs of targets run.</param>
/// <param name="time">The clock.</param>
internal sealed class ServedSchedules(IProcessHost host, TimeProvider time)
{
    /// <summary>The schedules that a node serves: of those that make jobs in at least one of its queues. Which queues a cycle's targets name is not known before: any may be.</summary>
    /// <param name="configuration">The file.</param>
    /// <param name="only">The queues that were named for the node; null for all.</param>
    public IReadOnlyList<ScheduledWork> Of(ServerConfiguration configuration, IReadOnlyList<string>? only) =>
        [.. configuration.Schedules.Where(schedule => IsServed(schedule, only)).Select(schedule => Work(schedule, configuration))];

    private static bool IsServed(ScheduleConfiguration schedule, IReadOnlyList<string>? only) =>
        only is null || schedule.Queues.Count == 0 || schedule.Queues.Any(queue => only.Contains(queue));

    private ScheduledWork Work(ScheduleConfiguration schedule, ServerConfiguration configuration) => new(
        schedule.Definition,
        schedule.Definition.Cycle is null ? null
            : new CycleFan(
                schedule.Targets is { } targets ? Source(targets) : null,
                new TargetJobs(schedule, [.. configuration.Queues.Select(static queue => queue.Definition)]).Of));

    private ITargetSource Source(TargetConfiguration targets) =>
        targets.Url is { } url ? new UrlTargets(url, targets.Name, time)
        : targets.Path is { } path ? new FileTargets(path, targets.File!)
        : new ProgramTargets(targets.Run, targets.Directory, host);
}
