using Fairlead.Policies;
using Fairlead.Storage;

namespace Fairlead.Schedules;

/// <summary>What the cluster agrees on about a schedule: when, and which job each of its rounds is.</summary>
public sealed record ScheduleDefinition
{
    /// <summary>Its name: 1 to 200 characters.</summary>
    public required string Name { get; init; }

    /// <summary>When a round is due.</summary>
    public required Recurrence When { get; init; }

    /// <summary>The job that a round is. For a cycle it is the job that reads the targets and becomes their parent.</summary>
    public required NewJob Round { get; init; }

    /// <summary>
    /// What happens to a round that is due while the one before has not ended. Default <see cref="ScheduleOverlap.Skip" />. Cycles over targets say
    /// <see cref="ScheduleOverlap.Allow" />: there each target is judged for itself (<see cref="CycleDefinition.Overlap" />).
    /// </summary>
    public ScheduleOverlap Overlap { get; init; }

    /// <summary>What happens to rounds whose time passed while no node could start them. Default <see cref="ScheduleMisfire.Once" />.</summary>
    public ScheduleMisfire Misfire { get; init; }

    /// <summary>How many missed rounds <see cref="ScheduleMisfire.All" /> makes up for at most, the newest ones. Default 100; 1 to 1000.</summary>
    public int MisfireCap { get; init; } = 100;

    /// <summary>Each round is due up to this much later, by a share that is drawn from its name and its time. Default none.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>False: paused from the start, until an operator resumes it.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>What makes a round a cycle; null for a plain job.</summary>
    public CycleDefinition? Cycle { get; init; }
}

/// <summary>What happens to a round that is due while the one before has not ended; in a cycle over targets, to a target whose jobs of an earlier cycle have not.</summary>
public enum ScheduleOverlap
{
    /// <summary>It is left out, and counted.</summary>
    Skip = 0,

    /// <summary>It waits until the one before has ended; at most 1000 wait.</summary>
    Queue = 1,

    /// <summary>The one before is cancelled; when it has ended, this one starts.</summary>
    Replace = 2,

    /// <summary>Both run.</summary>
    Allow = 3,
}

/// <summary>What happens to rounds whose time passed by more than a minute before any node could start them.</summary>
public enum ScheduleMisfire
{
    /// <summary>One round is started for all that were missed, for the time of the newest.</summary>
    Once = 0,

    /// <summary>Each is made up for, each for its own time, the oldest first, up to <see cref="ScheduleDefinition.MisfireCap" />.</summary>
    All = 1,

    /// <summary>None is made up for; the next one is started in its time.</summary>
    Skip = 2,
}

/// <summary>How a round fans out over targets.</summary>
public sealed record CycleDefinition
{
    /// <summary>Where the targets come from, for people: <c>file accounts.jsonl</c>. Null: one round is one target, without a list.</summary>
    public string? Source { get; init; }

    /// <summary>The queues in which each target gets a job, in order; empty where <see cref="QueuesFrom" /> or code says it.</summary>
    public IReadOnlyList<string> Queues { get; init; } = [];

    /// <summary>A JSON pointer to the list of queues in the target itself; null where all targets have the same.</summary>
    public string? QueuesFrom { get; init; }

    /// <summary>A JSON pointer to the key of a target; null takes a target that is a text or number itself.</summary>
    public string? Key { get; init; }

    /// <summary>At most this many targets at once, in the cluster, over all cycles of the schedule; null for no bound.</summary>
    public int? MaxGroups { get; init; }

    /// <summary>What happens to a target whose jobs of an earlier cycle have not ended. Default <see cref="ScheduleOverlap.Skip" />.</summary>
    public ScheduleOverlap Overlap { get; init; }

    /// <summary>In which order targets are taken. Default <see cref="CycleOrder.Shuffle" />.</summary>
    public CycleOrder Order { get; init; }

    /// <summary>True: one target after the other, and one job of a target after the other, in the order of the queues.</summary>
    public bool Sequential { get; init; }
}

/// <summary>In which order a cycle takes its targets.</summary>
public enum CycleOrder
{
    /// <summary>In a new random order every time.</summary>
    Shuffle = 0,

    /// <summary>Those that have used the least time come first.</summary>
    Fair = 1,

    /// <summary>As listed.</summary>
    Listed = 2,
}
