using Fairlead.Policies;
using Fairlead.Schedules;
using Fairlead.Storage;

namespace Fairlead.Cli.Configuration;

/// <summary>A schedule while its keys are read: its name is not known yet, nor whether its rounds are cycles.</summary>
internal sealed record ScheduleDraft
{
    public IReadOnlyList<string> Queues { get; init; } = [];

    public string? QueuesFrom { get; init; }

    public ReadOnlyMemory<byte> Payload { get; init; }

    public TimeSpan? Every { get; init; }

    public bool FromFinish { get; init; }

    public string? Cron { get; init; }

    public string TimeZone { get; init; } = "UTC";

    public ScheduleOverlap Overlap { get; init; }

    public MisfireChoice Misfire { get; init; } = new(ScheduleMisfire.Once, 100);

    public TimeSpan Jitter { get; init; }

    public bool Enabled { get; init; } = true;

    public TargetConfiguration? Targets { get; init; }

    public string? Group { get; init; }

    public int? MaxGroups { get; init; }

    public CycleOrder Order { get; init; }

    public bool Sequential { get; init; }

    public int Priority { get; init; }

    public TimeSpan? Timeout { get; init; }

    /// <summary>A round is a cycle where there is more than one job in it.</summary>
    public bool IsCycle => Targets is not null || Queues.Count > 1;

    public ScheduleConfiguration Finish(string name) => new()
    {
        Definition = new ScheduleDefinition
        {
            Name = name,
            When = Cron is not null ? new CronRecurrence(Cron, TimeZone) : FromFinish ? new FixedDelay(Every ?? default) : new FixedRate(Every ?? default),
            Round = Round(name),
            // Where there are targets, each is judged for itself.
            Overlap = Targets is null ? Overlap : ScheduleOverlap.Allow,
            Misfire = Misfire.Misfire,
            MisfireCap = Misfire.Cap,
            Jitter = Jitter,
            Enabled = Enabled,
            Cycle = IsCycle ? Cycle() : null,
        },
        Targets = Targets,
        Payload = Payload,
        Timeout = IsCycle ? Timeout : null,
    };

    private NewJob Round(string name)
    {
        var (queue, kind) = IsCycle ? (ScheduleRules.CycleQueue, name) : (Queues.FirstOrDefault("?"), Queues.FirstOrDefault("?"));
        return new NewJob { Queue = queue, Kind = new JobKind(kind), Payload = Payload.IsEmpty ? JobPayload.Null : Payload, Priority = Priority, Timeout = IsCycle ? null : Timeout };
    }

    private CycleDefinition Cycle() => new()
    {
        Source = Targets?.Name,
        Queues = Queues,
        QueuesFrom = QueuesFrom,
        Key = Group,
        MaxGroups = MaxGroups,
        Overlap = Targets is null ? ScheduleOverlap.Skip : Overlap,
        Order = Order,
        Sequential = Sequential,
    };
}

/// <summary>What is made up for, and how much of it.</summary>
internal sealed record MisfireChoice(ScheduleMisfire Misfire, int Cap);
