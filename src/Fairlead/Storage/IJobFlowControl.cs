using Fairlead.Limits;

namespace Fairlead.Storage;

/// <summary>What operators ask of limits, groups and breakers. A change outlives every process, and reloads, until it is reset.</summary>
public interface IJobFlowControl
{
    /// <summary>Every limit that was ever declared, by name; those of single groups after their limit, the most recently used first, at most 100.</summary>
    ValueTask<IReadOnlyList<LimitInfo>> ListLimitsAsync(CancellationToken cancellationToken = default);

    /// <summary>Puts another limit in force from now on; null puts back what nodes declare. What is reserved stays reserved.</summary>
    /// <returns>False when there is no such limit.</returns>
    /// <exception cref="ArgumentException">The limit is not sound, or a rate was to become a number at once or the other way round.</exception>
    ValueTask<bool> ChangeLimitAsync(string name, Limit? limit, CancellationToken cancellationToken = default);

    /// <summary>The groups of a queue: those with work first, by their start tags. Groups that are forgotten (no work, nothing to remember) are not listed.</summary>
    ValueTask<IReadOnlyList<GroupInfo>> ListGroupsAsync(string queue, int limit = 100, CancellationToken cancellationToken = default);

    /// <summary>Stops or resumes claims of one group; what runs goes on.</summary>
    ValueTask PauseGroupAsync(string queue, string group, bool paused, CancellationToken cancellationToken = default);

    /// <summary>Every breaker that is open or has counted failures. Keys: <c>queue/group</c> for a group's, <c>queue</c> for a whole queue's, the limit's name for a limit's.</summary>
    ValueTask<IReadOnlyList<BreakerInfo>> ListBreakersAsync(CancellationToken cancellationToken = default);

    /// <summary>Opens a breaker by hand, for a time, or (null) until it is closed by hand.</summary>
    /// <returns>False when there is no such queue, group or limit.</returns>
    ValueTask<bool> OpenBreakerAsync(string key, TimeSpan? time, CancellationToken cancellationToken = default);

    /// <summary>Closes a breaker by hand and forgets its failures.</summary>
    /// <returns>False when there is no such breaker.</returns>
    ValueTask<bool> CloseBreakerAsync(string key, CancellationToken cancellationToken = default);
}

/// <summary>A group as operators see it.</summary>
public sealed record GroupInfo
{
    /// <summary>Its queue.</summary>
    public required string Queue { get; init; }

    /// <summary>Its name; null for the queue's jobs without a group.</summary>
    public string? Group { get; init; }

    /// <summary>Its weight.</summary>
    public required double Weight { get; init; }

    /// <summary>Jobs that are ready.</summary>
    public required long Ready { get; init; }

    /// <summary>Attempts in flight, abandoned ones included.</summary>
    public required int InFlight { get; init; }

    /// <summary>Its start tag less the queue's virtual time, in seconds of service per weight: the smallest goes next.</summary>
    public required double Lag { get; init; }

    /// <summary>Seconds of service it has had.</summary>
    public required double ServedSeconds { get; init; }

    /// <summary>Attempts that ran longer than the queue's <c>slow_after</c>.</summary>
    public required long Slow { get; init; }

    /// <summary>True while an operator has paused it.</summary>
    public required bool Paused { get; init; }

    /// <summary>What keeps it from being claimed, if its jobs are ready and something does.</summary>
    public WaitReason? Blocked { get; init; }
}

/// <summary>A breaker as operators see it.</summary>
/// <param name="Key"><c>queue/group</c>, <c>queue</c> or the limit's name.</param>
/// <param name="IsOpen">Whether it is open, or waits for its probe's verdict.</param>
/// <param name="OpenUntil">Until when nothing is let through; <see cref="DateTimeOffset.MaxValue" /> until it is closed by hand; null while it is closed.</param>
/// <param name="Failures">Failures in a row.</param>
/// <param name="Waiting">Ready jobs it keeps back; zero for a limit's.</param>
public sealed record BreakerInfo(string Key, bool IsOpen, DateTimeOffset? OpenUntil, int Failures, long Waiting);
