using Fairlead.Processes.Pools;

namespace Fairlead.Cli.Configuration;

/// <summary>One queue of the file: what the cluster is told of it, and the processes that serve it. Equal when both say the same, so that a reload sees which queues changed.</summary>
internal sealed record QueueConfiguration
{
    private static readonly IReadOnlyList<string> NoTexts = [];
    private static readonly IReadOnlyDictionary<string, string> NoEnvironment = new Dictionary<string, string>();

    /// <summary>What the cluster must agree on.</summary>
    public required QueueDefinition Definition { get; init; }

    /// <summary>Its processes on a node; null for a queue without <c>run</c>, which other programs serve.</summary>
    public PoolOptions? Pool { get; init; }

    public string Name => Definition.Name;

    public bool Equals(QueueConfiguration? other) => other is not null && Definition == other.Definition && SamePool(Pool, other.Pool);

    public override int GetHashCode() => Definition.GetHashCode();

    /// <summary>Its definition alone: an environment is never shown.</summary>
    public override string ToString() => Definition.ToString();

    /// <summary>Whether two pools are started, talked to and ended alike.</summary>
    public static bool SamePool(PoolOptions? one, PoolOptions? other) => one is null || other is null
        ? ReferenceEquals(one, other)
        : Bare(one) == Bare(other) && one.Run.SequenceEqual(other.Run) && one.Secrets.SequenceEqual(other.Secrets)
            && one.Environment.Count == other.Environment.Count && one.Environment.All(pair => other.Environment.TryGetValue(pair.Key, out var value) && value == pair.Value);

    /// <summary>What is compared by value as it is; lists are compared by what they hold.</summary>
    private static PoolOptions Bare(PoolOptions pool) => pool with { Run = NoTexts, Secrets = NoTexts, Environment = NoEnvironment };
}
