namespace Fairlead;

/// <summary>What an operator changes of a queue while it runs. It stands above what nodes declare, and outlives them, until it is reset; what is null stays as it is.</summary>
public sealed record QueueChange
{
    /// <inheritdoc cref="QueueDefinition.MaxConcurrent" />
    public int? MaxConcurrent { get; init; }

    /// <inheritdoc cref="QueueDefinition.Timeout" />
    public TimeSpan? Timeout { get; init; }

    /// <inheritdoc cref="QueueDefinition.KillAfter" />
    public TimeSpan? KillAfter { get; init; }

    /// <inheritdoc cref="QueueDefinition.SlowAfter" />
    public TimeSpan? SlowAfter { get; init; }

    /// <inheritdoc cref="QueueDefinition.Retries" />
    public int? Retries { get; init; }

    /// <inheritdoc cref="QueueDefinition.RetryBudget" />
    public double? RetryBudget { get; init; }

    /// <inheritdoc cref="QueueDefinition.Priority" />
    public int? Priority { get; init; }

    /// <inheritdoc cref="QueueDefinition.GroupConcurrency" />
    public int? GroupConcurrency { get; init; }

    /// <summary>This change with a later one laid over it.</summary>
    public QueueChange Then(QueueChange later) => new()
    {
        MaxConcurrent = later.MaxConcurrent ?? MaxConcurrent,
        Timeout = later.Timeout ?? Timeout,
        KillAfter = later.KillAfter ?? KillAfter,
        SlowAfter = later.SlowAfter ?? SlowAfter,
        Retries = later.Retries ?? Retries,
        RetryBudget = later.RetryBudget ?? RetryBudget,
        Priority = later.Priority ?? Priority,
        GroupConcurrency = later.GroupConcurrency ?? GroupConcurrency,
    };

    /// <summary>What stands after a later change was laid over an earlier one; null where nothing is changed. A later one that is null takes all back.</summary>
    internal static QueueChange? Over(QueueChange? earlier, QueueChange? later) =>
        later is null ? null : (earlier ?? new()).Then(later) is var change && change == new QueueChange() ? null : change;

    /// <summary>What is in force where nodes declare <paramref name="declared" />.</summary>
    public QueueDefinition ApplyTo(QueueDefinition declared) => declared with
    {
        MaxConcurrent = MaxConcurrent ?? declared.MaxConcurrent,
        Timeout = Timeout ?? declared.Timeout,
        // One time from an operator is for every job, whatever its payload says.
        TimeoutBy = Timeout is null ? declared.TimeoutBy : null,
        KillAfter = KillAfter ?? declared.KillAfter,
        SlowAfter = SlowAfter ?? declared.SlowAfter,
        Retries = Retries ?? declared.Retries,
        RetryBudget = RetryBudget ?? declared.RetryBudget,
        Priority = Priority ?? declared.Priority,
        GroupConcurrency = GroupConcurrency ?? declared.GroupConcurrency,
    };

    /// <summary>What is in force where nodes declare one and an operator changed the other; each may be missing.</summary>
    internal static QueueDefinition? InForce(QueueDefinition? declared, QueueChange? change) =>
        declared is null || change is null ? declared : change.ApplyTo(declared);

    /// <summary>Every rule that it breaks, in words; empty when it is sound.</summary>
    internal IEnumerable<string> Problems(string queue)
    {
        if (MaxConcurrent is < 1)
        {
            yield return $"Queue '{queue}': max_concurrent expects 1 or more; got {MaxConcurrent}.";
        }
        if (Timeout <= TimeSpan.Zero || SlowAfter <= TimeSpan.Zero || KillAfter < TimeSpan.Zero)
        {
            yield return $"Queue '{queue}': timeout and slow_after expect more than zero, kill_after zero or more; got {Timeout}, {SlowAfter}, {KillAfter}.";
        }
        if (Retries is < 0)
        {
            yield return $"Queue '{queue}': retries expects zero or more; got {Retries}.";
        }
        if (RetryBudget is <= 0 or > 1)
        {
            yield return $"Queue '{queue}': retry_budget expects a share above 0 and up to 1, such as 0.1 for 10 %; got {RetryBudget}.";
        }
        if (GroupConcurrency is < 1)
        {
            yield return $"Queue '{queue}': group_concurrency expects 1 or more; got {GroupConcurrency}.";
        }
    }
}
