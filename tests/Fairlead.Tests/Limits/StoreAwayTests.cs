using Fairlead.Testing;

namespace Fairlead.Tests.Limits;

/// <summary>What limits do while the store is away: each node's safe share, never more than the whole, and back.</summary>
public sealed class StoreAwayTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(1, 8, false)]
    [InlineData(3, 8, false)]
    [InlineData(3, 50, false)]
    [InlineData(1, 8, true)]
    [InlineData(3, 50, true)]
    public void No_limit_is_exceeded_while_the_store_is_away_for_10_s_and_it_is_used_again_soon_after(int nodes, int rate, bool stalls)
    {
        var scene = new LimitScene(rate.PerSecond(), nodes);
        using var stop = new CancellationTokenSource();
        scene.Nodes.ForEach(node => node.Call(16, stop.Token));
        scene.Time.RunFor(TimeSpan.FromSeconds(20));
        var away = scene.Time.Now;

        Leave(scene, stalls, TimeSpan.FromSeconds(10));
        scene.Time.RunFor(TimeSpan.FromSeconds(10));
        var back = scene.Time.Now;
        scene.Nodes.ForEach(node => node.Way.Away = false);
        scene.Time.RunFor(TimeSpan.FromSeconds(20));

        scene.MostIn(Second).ShouldBeLessThanOrEqualTo(rate);
        var share = rate / nodes * nodes;
        scene.UsesBetween(away + TimeSpan.FromSeconds(4), away + TimeSpan.FromSeconds(10)).ShouldBeGreaterThanOrEqualTo((int)(share * 6 * 0.95));
        scene.UsesBetween(back + TimeSpan.FromSeconds(4), back + TimeSpan.FromSeconds(14)).ShouldBeGreaterThanOrEqualTo((int)(rate * 10 * 0.95));
    }

    [Fact]
    public void A_store_that_is_away_for_a_moment_stops_nobody()
    {
        var scene = new LimitScene(8.PerSecond());
        using var stop = new CancellationTokenSource();
        scene.Node.Call(16, stop.Token);
        scene.Time.RunFor(TimeSpan.FromSeconds(10));
        var away = scene.Time.Now;

        scene.Node.Way.Next(Fault.Fail, "Acquire");
        scene.Time.RunFor(TimeSpan.FromSeconds(5));

        scene.UsesBetween(away, away + TimeSpan.FromSeconds(5)).ShouldBeGreaterThanOrEqualTo(39);
        scene.MostIn(Second).ShouldBeLessThanOrEqualTo(8);
    }

    [Fact]
    public void A_node_that_has_just_joined_has_no_share()
    {
        var scene = new LimitScene(8.PerSecond());
        using var stop = new CancellationTokenSource();
        scene.Node.Way.Away = true;
        scene.Node.Call(16, stop.Token);

        scene.Time.RunFor(TimeSpan.FromSeconds(7.9));
        scene.Uses.ShouldBeEmpty();
        scene.Time.RunFor(TimeSpan.FromSeconds(8));
        scene.Uses.Count.ShouldBeInRange(60, 64);
    }

    [Fact]
    public void Without_a_node_there_is_no_share_and_numbers_at_once_have_none()
    {
        var rate = new LimitScene(8.PerSecond());
        var number = new LimitScene(Limit.Concurrent(5));
        using var stop = new CancellationTokenSource();
        rate.Time.RunFor(TimeSpan.FromSeconds(20));
        number.Time.RunFor(TimeSpan.FromSeconds(20));
        rate.Node.Standing.Gone();
        rate.Node.Way.Away = number.Node.Way.Away = true;
        rate.Node.Call(16, stop.Token);
        number.Node.Call(16, stop.Token);

        rate.Time.RunFor(TimeSpan.FromSeconds(20));
        number.Time.RunFor(TimeSpan.FromSeconds(20));

        rate.Uses.ShouldBeEmpty();
        number.Uses.ShouldBeEmpty();
    }

    /// <summary>Away: every call fails. Stalled: every call comes back when the time is over, and happens only then.</summary>
    private static void Leave(LimitScene scene, bool stalls, TimeSpan time)
    {
        foreach (var node in scene.Nodes)
        {
            if (stalls)
            {
                var until = scene.Time.Now + time;
                node.Way.Plan = (_, _) => until > scene.Time.Now ? new StoreFault(Fault.StallBefore, until - scene.Time.Now) : StoreFault.None;
            }
            else
            {
                node.Way.Away = true;
            }
        }
    }
}
