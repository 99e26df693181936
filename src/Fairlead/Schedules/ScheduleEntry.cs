using Fairlead.Engine;
using Fairlead.Schedules.Targets;
using Fairlead.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Schedules;

/// <summary>A schedule as code added it, before options and services are known.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Make">Makes it once they are.</param>
internal sealed record ScheduleEntry(string Name, Func<ScheduleOptions, IServiceProvider, ScheduledWork> Make)
{
    /// <summary>A schedule whose rounds are one job.</summary>
    public static ScheduleEntry OfJob(string name, object job) => new(name, (options, services) => new ScheduledWork(
        Definition(name, options, services.GetRequiredService<JobRegistry>().NewJob(job, options.Job))));

    /// <summary>A schedule whose rounds are these jobs.</summary>
    public static ScheduleEntry OfJobs(string name, IReadOnlyList<object> jobs) => new(name, (options, services) =>
    {
        var registry = services.GetRequiredService<JobRegistry>();
        var made = jobs.Select(job => Made(registry, job, group: null)).ToList();
        var cycle = new CycleDefinition { Sequential = options.Sequential, Queues = [.. made.Select(static job => job.Queue).Distinct()] };
        return new ScheduledWork(Definition(name, options, Round(name)) with { Cycle = cycle }, new CycleFan(null, _ => made));
    });

    /// <summary>A schedule whose rounds fan out over targets.</summary>
    public static ScheduleEntry OfTargets<TTarget>(string name, TargetsInCode<TTarget> targets, Func<TTarget, IEnumerable<object>> jobs)
        where TTarget : notnull => new(name, (options, services) =>
    {
        var registry = services.GetRequiredService<JobRegistry>();
        var cycle = new CycleDefinition
        {
            Source = "the program",
            Key = $"/{TargetEnvelope.Noun<TTarget>()}",
            MaxGroups = options.MaxGroups,
            Overlap = options.Overlap,
            Order = options.Order,
            Sequential = options.Sequential,
        };
        // Each target is judged for itself, so that no round waits for the one before.
        var definition = Definition(name, options, Round(name)) with { Cycle = cycle, Overlap = ScheduleOverlap.Allow };
        var source = new CodeTargets<TTarget>(targets, services.GetRequiredService<IServiceScopeFactory>(), registry.Json);
        return new ScheduledWork(definition, new CycleFan(source, target => JobsOf(registry, target, jobs(TargetEnvelope.Open<TTarget>(target.Json, registry.Json)))));
    });

    private static List<NewJob> JobsOf(JobRegistry registry, CycleTarget target, IEnumerable<object> jobs) => [.. jobs.Select(job => Made(registry, job, target.Key))];

    private static NewJob Made(JobRegistry registry, object job, string? group)
    {
        var made = job is CycleJob said ? registry.NewJob(said.Payload, said.Options) : registry.NewJob(job, null);
        return made with { Group = made.Group ?? group };
    }

    private static NewJob Round(string name) => new() { Queue = ScheduleRules.CycleQueue, Kind = new JobKind(name), Payload = JobPayload.Null };

    private static ScheduleDefinition Definition(string name, ScheduleOptions options, NewJob round) => new()
    {
        Name = name,
        When = options.Recurrence!,
        Round = round,
        Overlap = options.Overlap,
        Misfire = options.Misfire,
        MisfireCap = options.MisfireCap,
        Jitter = options.Jitter,
        Enabled = options.Enabled,
    };
}
