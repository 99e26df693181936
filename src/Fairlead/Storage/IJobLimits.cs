namespace Fairlead.Storage;

/// <summary>
/// What calls outside a claim ask of limits: permits for handlers and HTTP clients, and what upstreams answered. Limits of queues are
/// decided inside <see cref="IJobWork.ClaimAsync" />, from the same state.
/// </summary>
public interface IJobLimits
{
    /// <summary>
    /// Makes limits known outside a node's registration: for producers that only call upstreams. As with nodes, another definition
    /// while a live node holds the first is refused.
    /// </summary>
    /// <exception cref="StoreMismatchException">A live node declares one of them otherwise; the message names both.</exception>
    ValueTask DeclareLimitsAsync(IReadOnlyList<NamedLimit> limits, CancellationToken cancellationToken = default);

    /// <summary>
    /// Reserves permits: each is a moment of the store's clock, not before which it may be used. In the order of asking; nothing is
    /// reserved further ahead than <see cref="PermitRequest.Within" />, and fewer than asked for may be given. Whatever was given, by
    /// this and by claims together, by all nodes: never more than the limit says, in any window. Permits of a number at once are held until
    /// <see cref="ReleaseAsync" />, or the end of the attempt or node that holds them.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such limit; the message names those that are known.</exception>
    ValueTask<PermitAnswer> AcquireAsync(PermitRequest request, CancellationToken cancellationToken = default);

    /// <summary>Gives back permits that were not used (rates), or are no longer held (numbers at once). Unknown ones are ignored.</summary>
    ValueTask ReleaseAsync(IReadOnlyList<Permit> permits, CancellationToken cancellationToken = default);

    /// <summary>Takes in what upstreams answered: successes, 429s with what they ask, failures for the breaker, headers, what it really cost.</summary>
    ValueTask ReportAsync(IReadOnlyList<LimitReport> reports, CancellationToken cancellationToken = default);
}

/// <summary>A limit by its name.</summary>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Limit">What it allows.</param>
public sealed record NamedLimit(string Name, Limit Limit);

/// <summary>Asks for permits.</summary>
public sealed record PermitRequest
{
    /// <summary>The limit.</summary>
    public required string Limit { get; init; }

    /// <summary>The group, where each group has a limit of its own; ignored elsewhere.</summary>
    public string? Group { get; init; }

    /// <summary>What each permit costs; 1 or more.</summary>
    public long Cost { get; init; } = 1;

    /// <summary>How many permits of that cost; 1 or more.</summary>
    public int Count { get; init; } = 1;

    /// <summary>How far ahead a permit may lie; at most 2 s.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Who holds what is held: with its node's end it is free. Needed for a number at once.</summary>
    public NodeId? Node { get; init; }

    /// <summary>The attempt that asks, if one does: permits of a number at once end with it.</summary>
    public AttemptKey? Attempt { get; init; }

    /// <summary>Set by the first request after an outage, by the store's clock: since when this node could not reach the store and used its own share.</summary>
    public DateTimeOffset? StoreAwaySince { get; init; }
}

/// <summary>What was given.</summary>
/// <param name="Now">The store's time.</param>
/// <param name="Permits">The permits in the order of their moments; empty when none is to be had within the time.</param>
/// <param name="RetryAt">When to ask again, if fewer were given than asked for; null while only a release can help.</param>
/// <param name="Cause">What kept the rest back: limit or breaker.</param>
public sealed record PermitAnswer(DateTimeOffset Now, IReadOnlyList<Permit> Permits, DateTimeOffset? RetryAt, Diagnostics.WaitCause Cause = Diagnostics.WaitCause.Limit)
{
    /// <summary>
    /// How far ahead permits of this limit are given, at most what was asked for: a permit at <see cref="RetryAt" /> is to be had so long before.
    /// </summary>
    public TimeSpan Within { get; init; }
}

/// <summary>One reserved permit.</summary>
/// <param name="Limit">The limit.</param>
/// <param name="Group">The group, where each has its own.</param>
/// <param name="Cost">What it costs.</param>
/// <param name="At">Not before this moment may it be used, and not later than 50 ms after it.</param>
/// <param name="Id">Names a held one; zero for a rate's.</param>
public sealed record Permit(string Limit, string? Group, long Cost, DateTimeOffset At, long Id = 0);

/// <summary>What became of calls through a limit.</summary>
public sealed record LimitReport
{
    /// <summary>The limit.</summary>
    public required string Limit { get; init; }

    /// <summary>The group, where each has its own.</summary>
    public string? Group { get; init; }

    /// <summary>Calls that went through.</summary>
    public long Succeeded { get; init; }

    /// <summary>Calls that failed in a way that says that the upstream is ill: no answer, or a 5xx.</summary>
    public long Failed { get; init; }

    /// <summary>True when the upstream refused a call with 429.</summary>
    public bool Throttled { get; init; }

    /// <summary>How long the upstream asked to be left alone, from now on; null when it did not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>When the refused call was sent, by the store's clock as the node knows it; null for now.</summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>Permits left, as the upstream says; null when it does not.</summary>
    public long? Remaining { get; init; }

    /// <summary>How long until there are new ones, as the upstream says.</summary>
    public TimeSpan? ResetIn { get; init; }

    /// <summary>The rate in permits per second, as the upstream says.</summary>
    public double? PerSecond { get; init; }

    /// <summary>What a call cost beyond what was acquired for it; negative for less (an exact window keeps what was taken, which errs on the safe side).</summary>
    public long ExtraCost { get; init; }
}
