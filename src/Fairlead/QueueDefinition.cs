using System.Globalization;

namespace Fairlead;

/// <summary>
/// What the whole cluster must agree on about one queue. The store holds one definition; another one while a live node holds the
/// first is refused with an error that names both.
/// </summary>
public sealed record QueueDefinition
{
    /// <summary>The queue's name; 1 to 200 characters.</summary>
    public required string Name { get; init; }

    /// <summary>A short name for status lines; null takes the name.</summary>
    public string? Label { get; init; }

    /// <summary>How many of its jobs may be processing at once in the cluster, what is prefetched included; null for no limit.</summary>
    public int? MaxConcurrent { get; init; }

    /// <summary>How long one attempt may take; null for as long as it likes (its deadline still holds).</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Times for attempts of jobs whose payload says so, before <see cref="Timeout" />; null for none.</summary>
    public TimeoutBy? TimeoutBy { get; init; }

    /// <summary>How long an attempt that was told to stop may go on before it is ended, or abandoned if it cannot be. Default 5 s.</summary>
    public TimeSpan KillAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>An attempt that runs longer is reported as slow; null for never.</summary>
    public TimeSpan? SlowAfter { get; init; }

    /// <summary>How long after enqueueing a job may still be waiting or running. Default 7 days.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How many attempts may follow a failed first one. Default 3.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>The upper bound of the first retry's wait; it doubles with every further one. Default 2 s.</summary>
    public TimeSpan BackoffFirst { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest wait before a retry. Default 5 min.</summary>
    public TimeSpan BackoffMax { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Retries as a share of first attempts, 0.1 for 10 %: retries beyond it are paced, never refused; null for no pacing.</summary>
    public double? RetryBudget { get; init; }

    /// <summary>Queues with a higher number are served first by a node that serves several; default 0.</summary>
    public int Priority { get; init; }

    /// <summary>The largest payload accepted, in bytes. Default 1 MiB.</summary>
    public int MaxPayload { get; init; } = 1024 * 1024;

    /// <summary>Batches of at most this many items run one item after the other; default 0: never.</summary>
    public int SequentialUpTo { get; init; }

    /// <summary>Where the result of a completed job goes on, unless the job says otherwise; null for nowhere.</summary>
    public Storage.NextStep? Then { get; init; }

    /// <summary>What each job takes of which limits before its attempt starts; all of it or none.</summary>
    public IReadOnlyList<LimitUse> Limits { get; init; } = [];

    /// <summary>A JSON pointer into the payload to the job's group (<c>/account</c>), for jobs that name none; null for none.</summary>
    public string? Group { get; init; }

    /// <summary>
    /// A JSON pointer into the payload to what must be unique among the queue's jobs that have not ended (<c>/announcement_id</c>), for jobs that
    /// name no unique key; null for none.
    /// </summary>
    public string? Unique { get; init; }

    /// <summary>How many attempts of one group may be in flight at once in the cluster; null for no limit.</summary>
    public int? GroupConcurrency { get; init; }

    /// <summary>Weights of groups that get more (or less) than the others' 1; each above zero.</summary>
    public IReadOnlyDictionary<string, double> Weights { get; init; } = NoWeights;

    /// <summary>The circuit breaker each group gets; null for none.</summary>
    public BreakerPolicy? Breaker { get; init; }

    private static readonly IReadOnlyDictionary<string, double> NoWeights = new Dictionary<string, double>();

    /// <summary>The weight of a group; 1 unless it has one of its own.</summary>
    public double WeightOf(string? group) => group is not null && Weights.TryGetValue(group, out var weight) ? weight : 1;

    /// <summary>Whether two definitions say the same, lists and weights included.</summary>
    public bool Equals(QueueDefinition? other) => other is not null && Members().SequenceEqual(other.Members());

    /// <inheritdoc />
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Name);

    /// <summary>What is set, by name.</summary>
    public override string ToString() =>
        $"{{ {string.Join(", ", Members().Where(static member => member.Value is not (null or "")).Select(static member => string.Create(CultureInfo.InvariantCulture, $"{member.Name} = {member.Value}")))} }}";

    private (string Name, object? Value)[] Members() =>
    [
        (nameof(Name), Name), (nameof(Label), Label), (nameof(MaxConcurrent), MaxConcurrent), (nameof(Timeout), Timeout), (nameof(TimeoutBy), TimeoutBy), (nameof(KillAfter), KillAfter),
        (nameof(SlowAfter), SlowAfter), (nameof(Deadline), Deadline), (nameof(Retries), Retries), (nameof(BackoffFirst), BackoffFirst),
        (nameof(BackoffMax), BackoffMax), (nameof(RetryBudget), RetryBudget), (nameof(Priority), Priority), (nameof(MaxPayload), MaxPayload),
        (nameof(SequentialUpTo), SequentialUpTo), (nameof(Then), Then), (nameof(Limits), string.Join(" + ", Limits)), (nameof(Group), Group),
        (nameof(Unique), Unique), (nameof(GroupConcurrency), GroupConcurrency), (nameof(Breaker), Breaker),
        (nameof(Weights), string.Join(" + ", Weights.OrderBy(static weight => weight.Key, StringComparer.Ordinal).Select(static weight => string.Create(CultureInfo.InvariantCulture, $"{weight.Key}:{weight.Value}")))),
    ];
}
