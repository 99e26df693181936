using Fairlead.Samples.Upstreams;

namespace Fairlead.Samples.Tests;

public sealed class AdjustableTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public void Its_rate_changes_while_it_runs()
    {
        var upstream = new Adjustable(_clock, perSecond: 8, burst: 8);
        Granted(upstream).ShouldBe(8);
        _clock.Pass(1);
        Granted(upstream).ShouldBe(8);
        upstream.Answer(UpstreamCall.To("/rate?per_second=5")).Counts.ShouldBeFalse();
        _clock.Pass(1);
        Granted(upstream).ShouldBe(5);
    }

    [Theory]
    [InlineData(8, "1")]
    [InlineData(0.4, "3")]
    public void It_says_when_in_whole_seconds(double perSecond, string after)
    {
        var upstream = new Adjustable(_clock, perSecond, burst: 1);
        Granted(upstream).ShouldBe(1);
        upstream.Answer(UpstreamCall.To("/")).Headers["Retry-After"].ShouldBe(after);
    }

    [Fact]
    public void Or_it_does_not()
    {
        var upstream = new Adjustable(_clock, burst: 1, saysWhen: false);
        Granted(upstream).ShouldBe(1);
        upstream.Answer(UpstreamCall.To("/")).Headers.ShouldBeEmpty();
    }

    private static int Granted(Adjustable upstream)
    {
        var granted = 0;
        while (upstream.Answer(UpstreamCall.To("/")).Status == 200)
        {
            granted++;
        }
        return granted;
    }
}
