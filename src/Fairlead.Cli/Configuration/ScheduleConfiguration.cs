using Fairlead.Schedules;
using Fairlead.Storage;

namespace Fairlead.Cli.Configuration;

/// <summary>One schedule of the file: what the cluster is told of it, and what a node needs to run its cycles. Equal when both say the same.</summary>
internal sealed record ScheduleConfiguration
{
    /// <summary>What the cluster must agree on.</summary>
    public required ScheduleDefinition Definition { get; init; }

    /// <summary>Where a cycle's targets come from; null where its rounds have none.</summary>
    public TargetConfiguration? Targets { get; init; }

    /// <summary>What each of a cycle's jobs is given beside its target, JSON; empty for nothing.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>How long one attempt of a cycle's jobs may take; null takes their queues'.</summary>
    public TimeSpan? Timeout { get; init; }

    public string Name => Definition.Name;

    /// <summary>The queues its jobs go to; empty where each target names its own.</summary>
    public IReadOnlyList<string> Queues => Definition.Cycle?.Queues ?? [Definition.Round.Queue];

    public bool Equals(ScheduleConfiguration? other) => other is not null
        && ScheduleJson.Write(Definition) == ScheduleJson.Write(other.Definition) && (Targets, Timeout) == (other.Targets, other.Timeout) && Payload.Span.SequenceEqual(other.Payload.Span);

    public override int GetHashCode() => HashCode.Combine(Name, Timeout);

    public override string ToString() => Name;
}
