using Fairlead.Storage;
using Window = Fairlead.Testing.Conformance.Cases.Windows;

namespace Fairlead.Tests.Flow;

/// <summary>Limits of queues on whole nodes: used to the full, never exceeded in any window, and what waits for a permit holds no slot.</summary>
public sealed class LimitedQueueTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(8, 1, 600, 1.1)]
    [InlineData(8, 3, 600, 3.3)]
    [InlineData(2_000, 1, 5, 1.1)]
    [InlineData(2_000, 3, 5, 3.3)]
    public void Saturated_it_is_used_and_never_exceeded(int rate, int nodes, int seconds, double claimsPerGrant)
    {
        var cluster = new FlowCluster().Start(nodes, 10, [new() { Name = "q", Limits = ["api"] }], new NamedLimit("api", rate.PerSecond()));
        cluster.Enqueue(rate * (seconds + 1), new(0.001), "q");
        var (held, claims) = (0, cluster.Claims);
        cluster.Ended = _ => held = Math.Max(held, cluster.InHand);
        cluster.Time.RunFor(Second * seconds);
        var claimed = cluster.Attempts.ConvertAll(static a => a.ClaimedAt);
        Window.Most(claimed, Second).ShouldBeLessThanOrEqualTo(rate);
        claimed.Count.ShouldBeGreaterThanOrEqualTo((int)(rate * seconds * 0.99));
        held.ShouldBeLessThanOrEqualTo(Math.Max(1, rate / 100), "jobs that wait for a permit hold no slot");
        ((cluster.Claims - claims) / (double)claimed.Count).ShouldBeLessThanOrEqualTo(claimsPerGrant, "claims for each job that was given");
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(2, false)]
    public void Of_two_limits_the_shared_one_is_used_whole(int nodes, bool needyFirst)
    {
        QueueDefinition both = new() { Name = "both", Limits = ["shared", "own"] }, one = new() { Name = "one", Limits = ["shared"] };
        var cluster = new FlowCluster().Start(nodes, 10, needyFirst ? [both, one] : [one, both], new("shared", 8.PerSecond()), new("own", 2.PerSecond()));
        cluster.Enqueue(3_000, new(0.5), "both");
        cluster.Enqueue(6_000, new(0.5), "one");
        cluster.Time.RunFor(TimeSpan.FromMinutes(10));
        var (all, own) = (Claimed(cluster), Claimed(cluster, "both"));
        Window.Most(all, Second).ShouldBeLessThanOrEqualTo(8);
        Window.Most(own, Second).ShouldBeLessThanOrEqualTo(2);
        all.Count.ShouldBeGreaterThanOrEqualTo((int)(8 * 600 * 0.95));
        own.Count.ShouldBeGreaterThanOrEqualTo((int)(2 * 600 * 0.95));
    }

    [Fact]
    public void Queues_of_equal_priority_share_a_limit()
    {
        var cluster = new FlowCluster().Start(1, 10, [new() { Name = "a", Limits = ["api"] }, new() { Name = "b", Limits = ["api"] }], new NamedLimit("api", 8.PerSecond()));
        cluster.Enqueue(1_000, new(0.2), "a");
        cluster.Enqueue(1_000, new(0.2), "b");
        cluster.Time.RunFor(TimeSpan.FromMinutes(1));
        Claimed(cluster, "a").Count.ShouldBeInRange(216, 264);
        Claimed(cluster, "b").Count.ShouldBeInRange(216, 264);
    }

    [Fact]
    public void Queues_of_equal_priority_share_the_slots()
    {
        var cluster = new FlowCluster().Start(1, 4, [new() { Name = "first", Priority = 1 }, new() { Name = "a" }, new() { Name = "b" }]);
        cluster.Enqueue(1_000, new(1), "a");
        cluster.Enqueue(1_000, new(1), "b");
        cluster.Time.RunFor(TimeSpan.FromMinutes(1));
        Claimed(cluster, "a").Count.ShouldBeInRange(100, 144);
        Claimed(cluster, "b").Count.ShouldBeInRange(100, 144);
        cluster.Enqueue(40, new(1), "first");
        cluster.Time.RunFor(TimeSpan.FromSeconds(9));
        Claimed(cluster, "first").Count.ShouldBeGreaterThanOrEqualTo(32, "a higher priority goes before any turn");
    }

    private static List<DateTimeOffset> Claimed(FlowCluster cluster, string? queue = null) =>
        [.. cluster.Attempts.Where(a => queue is null || a.Queue == queue).Select(static a => a.ClaimedAt)];
}
