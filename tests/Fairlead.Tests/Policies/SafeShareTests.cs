using Fairlead.Policies;

namespace Fairlead.Tests.Policies;

/// <summary>What one node may use of a rate while the store is away.</summary>
public sealed class SafeShareTests
{
    public static TheoryData<Limit, int, double?, double?> Shares => new()
    {
        // limit                                             nodes  ms apart  ms before the first
        { 8.PerSecond(),                                     1,     125,      125 },
        { 8.PerSecond(),                                     2,     250,      250 },
        { 8.PerSecond(),                                     3,     500,      500 },     // 2 of 8, since 3 nodes with 3 each were 9
        { 8.PerSecond(),                                     8,     1000,     1000 },
        { 8.PerSecond(),                                     9,     null,     null },    // less than one each: nobody knows whose
        { 100.PerMinute(),                                   1,     600,      600 },
        { 100.PerMinute(),                                   2,     null,     null },    // more than 1 s apart: the pause afterwards could not make up for it
        { new Limit { Rate = 10.PerSecond(), Burst = 50 },   2,     200,      200 },
        { new Limit { Rate = 10.PerSecond(), Margin = 0.5 }, 1,     200,      200 },
        { new Limit { Rate = 10.PerSecond(), Shape = LimitShape.Window }, 2, 200, 1000 },
        { new Limit { Rate = 100.PerMinute(), Shape = LimitShape.Window }, 1, null, null },
        { new Limit { Rate = 10.PerSecond(), Debt = true },  1,     null,     null },
        { new Limit { Rate = 5000.PerDay(), Resets = new DailyReset(default) }, 1, null, null },
        { Limit.Concurrent(5),                               1,     null,     null },
    };

    [Theory]
    [MemberData(nameof(Shares), DisableDiscoveryEnumeration = true)]
    public void A_share_is_whole_permits_of_the_window_evenly_spaced(Limit limit, int nodes, double? apart, double? pause)
    {
        var share = SafeShare.Of(limit, nodes);

        share?.Spacing.TotalMilliseconds.ShouldBe(apart!.Value, 0.001);
        share?.Pause.TotalMilliseconds.ShouldBe(pause!.Value, 0.001);
        (share is null).ShouldBe(apart is null);
    }

    [Fact]
    public void All_nodes_together_never_exceed_the_limit_whatever_their_phases_nor_together_with_what_the_store_gave_before()
    {
        var random = new Random(7);
        for (var round = 0; round < 300; round++)
        {
            var (permits, nodes) = (random.Next(1, 60), random.Next(1, 12));
            var limit = Limit.FromRate(permits.PerSecond());
            if (SafeShare.Of(limit, nodes) is not { } share)
            {
                continue;
            }
            var over = DateTimeOffset.UnixEpoch.AddSeconds(2);
            var uses = Enumerable.Range(0, permits * 2).Select(i => over.AddSeconds(-(double)i / permits)).ToList();
            for (var node = 0; node < nodes; node++)
            {
                var (free, now) = (DateTimeOffset.MinValue, over.AddSeconds(random.NextDouble()));
                for (var i = 0; i < 100; i++)
                {
                    var at = share.Next(free, over, from: over, now);
                    uses.Add(at);
                    (free, now) = (at + share.Spacing, at);
                }
            }
            uses.Sort();
            for (var i = 0; i + permits < uses.Count; i++)
            {
                (uses[i + permits] - uses[i]).ShouldBeGreaterThan(TimeSpan.FromSeconds(1) - TimeSpan.FromTicks(10), $"{permits}/s, {nodes} nodes");
            }
        }
    }

    [Fact]
    public void Nothing_is_used_before_what_the_store_gave_is_over_nor_before_the_node_counts()
    {
        var share = SafeShare.Of(8.PerSecond(), 2)!.Value;
        var now = DateTimeOffset.UnixEpoch;

        share.Next(default, over: now.AddSeconds(2), from: now, now).ShouldBe(now.AddSeconds(2.25));
        share.Next(default, over: now.AddSeconds(2), from: now.AddSeconds(8), now).ShouldBe(now.AddSeconds(8));
        share.Next(now.AddSeconds(9), over: now.AddSeconds(2), from: now.AddSeconds(8), now).ShouldBe(now.AddSeconds(9));
    }
}
