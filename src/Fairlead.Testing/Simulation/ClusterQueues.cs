using Fairlead.Storage;

namespace Fairlead.Testing.Simulation;

/// <summary>The queues of the simulated cluster, and which of three roles serves what: two kinds are not known to every node.</summary>
internal static class ClusterQueues
{
    public static readonly JobKind A = new("a");
    public static readonly JobKind B = new("b", 2);
    public static readonly JobKind After = new("after");
    public static readonly JobKind Last = new("last");

    public static readonly QueueDefinition Fast = new()
    {
        Name = "fast", Retries = 2, BackoffFirst = TimeSpan.FromSeconds(0.5), BackoffMax = TimeSpan.FromSeconds(4), Priority = 1,
    };

    public static readonly QueueDefinition Narrow = new()
    {
        Name = "narrow", MaxConcurrent = 2, Timeout = TimeSpan.FromSeconds(4), KillAfter = TimeSpan.FromSeconds(2), Retries = 1,
        BackoffFirst = TimeSpan.FromSeconds(1), BackoffMax = TimeSpan.FromSeconds(4),
    };

    public static readonly QueueDefinition Paced = new()
    {
        Name = "paced", MaxConcurrent = 5, Timeout = TimeSpan.FromSeconds(10), KillAfter = TimeSpan.FromSeconds(1), Retries = 3, RetryBudget = 0.2,
        SlowAfter = TimeSpan.FromSeconds(5), BackoffFirst = TimeSpan.FromSeconds(1), BackoffMax = TimeSpan.FromSeconds(8),
        Then = new NextStep("fast", After),
    };

    /// <summary>Everything that holds work back besides slots.</summary>
    public static readonly QueueDefinition Shared = new()
    {
        Name = "shared", Timeout = TimeSpan.FromSeconds(4), KillAfter = TimeSpan.FromSeconds(1), Retries = 2,
        BackoffFirst = TimeSpan.FromSeconds(0.5), BackoffMax = TimeSpan.FromSeconds(2),
        Limits = ["steady", "few"], GroupConcurrency = 2, Weights = new Dictionary<string, double> { ["g0"] = 2 },
        Breaker = new() { Failures = 3, OpenFor = TimeSpan.FromSeconds(2), MaxOpen = TimeSpan.FromSeconds(8) },
    };

    public static readonly IReadOnlyList<NamedLimit> Limits = [new("steady", 8.PerSecond()), new("few", Limit.Concurrent(4))];

    public static readonly IReadOnlyList<QueueDefinition> All = [Fast, Narrow, Paced, Shared];

    public static QueueDefinition Named(string name) => name switch { "fast" => Fast, "narrow" => Narrow, "shared" => Shared, _ => Paced };

    public static IReadOnlyList<ServedQueue> ServedBy(int role) => role switch
    {
        0 => [new(Fast, [A, B, After, Last]), new(Narrow, [A, B]), new(Paced, [A, B]), new(Shared, [A, B])],
        1 => [new(Narrow, [A, B]), new(Fast, [A, B, After]), new(Shared, [A]), new(Paced, [A])],
        _ => [new(Paced, [A, B]), new(Fast, [A, After, Last]), new(Narrow, [B]), new(Shared, [A, B])],
    };
}
