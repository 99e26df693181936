using Fairlead.Policies;

namespace Fairlead.Tests.Policies;

public sealed class AdaptiveRateTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Falls_by_fifteen_percent() => AdaptiveRate.Full.Throttled(Now, Now).Factor.ShouldBe(0.85);

    [Fact]
    public void Refusals_of_calls_sent_before_the_cut_say_nothing_new()
    {
        var cut = AdaptiveRate.Full.Throttled(Now, Now.AddSeconds(1));
        cut.Throttled(Now.AddSeconds(0.9), Now.AddSeconds(2)).ShouldBe(cut);
        cut.Throttled(Now.AddSeconds(1), Now.AddSeconds(2)).Factor.ShouldBe(0.85 * 0.75);
    }

    [Fact]
    public void Never_falls_so_low_that_nobody_learns()
    {
        var rate = AdaptiveRate.Full;
        for (var i = 0; i < 1000; i++)
        {
            rate = rate.Throttled(Now.AddSeconds(i), Now.AddSeconds(i));
        }
        rate.Factor.ShouldBe(AdaptiveRate.Floor);
    }

    [Fact]
    public void Climbs_back_to_the_ceiling_and_no_further() => AdaptiveRate.Full.Throttled(Now, Now).Succeeded(1_000_000).Factor.ShouldBe(1);

    /// <summary>An upstream that grants a share of what is published and refuses the rest, asked for all that is allowed, one second after the other.</summary>
    [Theory]
    [InlineData(0.9)]
    [InlineData(0.625)]
    [InlineData(0.3)]
    public void Settles_close_below_what_the_upstream_grants(double grants)
    {
        const int Ceiling = 100;
        var (rate, used, refused, granted) = (AdaptiveRate.Full, 0d, 0, 0d);
        for (var second = 0; second < 600; second++)
        {
            var (asked, most) = (Ceiling * rate.Factor, Ceiling * grants);
            var through = Math.Min(asked, most);
            rate = rate.Succeeded((long)through);
            if (asked > most)
            {
                rate = rate.Throttled(Now.AddSeconds(second), Now.AddSeconds(second));
                refused++;
            }
            (used, granted) = second < 60 ? (0, 0) : (used + through, granted + most);
        }
        (used / granted).ShouldBeGreaterThan(0.85);
        refused.ShouldBeLessThan(300);
    }
}
