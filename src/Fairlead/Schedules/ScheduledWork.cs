using Fairlead.Engine;
using Fairlead.Storage;

namespace Fairlead.Schedules;

/// <summary>A schedule as a node serves it: what the cluster agrees on, and, for a cycle, how its rounds fan out here.</summary>
/// <param name="Definition">What the cluster agrees on.</param>
/// <param name="Fan">How a cycle's rounds fan out; null for a plain job.</param>
internal sealed record ScheduledWork(ScheduleDefinition Definition, CycleFan? Fan = null);

/// <summary>How the rounds of a cycle fan out.</summary>
/// <param name="Targets">Where the targets come from; null: a round is one target without a list.</param>
/// <param name="Jobs">The jobs of one target, in order.</param>
internal sealed record CycleFan(ITargetSource? Targets, Func<CycleTarget, IReadOnlyList<NewJob>> Jobs);

/// <summary>One target of a cycle.</summary>
/// <param name="Key">What tells it from others.</param>
/// <param name="Json">The target itself, UTF-8 JSON.</param>
internal sealed record CycleTarget(string Key, ReadOnlyMemory<byte> Json);

/// <summary>Where a cycle's targets come from: a file, a program, an address, code.</summary>
internal interface ITargetSource
{
    /// <summary>Reads all of them, each UTF-8 JSON, in their order.</summary>
    /// <param name="attempt">The cycle's attempt; what goes on is written to its log.</param>
    /// <param name="cancellationToken">Asks it to stop.</param>
    /// <exception cref="TargetsUnreadableException">They cannot be read as they are; the message says where and why.</exception>
    ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> ReadAsync(Attempt attempt, CancellationToken cancellationToken);
}

/// <summary>The targets of a cycle cannot be read; trying again may help.</summary>
internal sealed class TargetsUnreadableException(string message, Exception? inner = null) : Exception(message, inner);
