using Fairlead.Samples.Upstreams;

namespace Fairlead.Samples.Tests;

public sealed class TokenBucketTests
{
    private readonly ManualClock _clock = new();

    [Theory]
    [InlineData(8, 1, 0.125, 1)]
    [InlineData(8, 1, 0.124, 0)]
    [InlineData(8, 10, 0.5, 4)]
    [InlineData(8, 10, 3600, 10)]
    [InlineData(0.0167, 20, 59, 0)]
    [InlineData(0.0167, 20, 60, 1)]
    public void An_empty_bucket_grants_what_has_come_in_since(double perSecond, double size, double seconds, int granted)
    {
        var bucket = new TokenBucket(perSecond, size, _clock);
        Drain(bucket).ShouldBe((int)size);
        _clock.Pass(seconds);
        Drain(bucket).ShouldBe(granted);
    }

    [Fact]
    public void Fractions_add_up()
    {
        var bucket = new TokenBucket(8, 1, _clock);
        bucket.Take(1);
        for (var i = 0; i < 100_000; i++)
        {
            _clock.Pass(0.125);
            bucket.TryTake().ShouldBeTrue($"call {i}");
        }
    }

    [Fact]
    public void A_new_rate_counts_from_now_on()
    {
        var bucket = new TokenBucket(8, 100, _clock);
        bucket.Take(100);
        _clock.Pass(1);
        bucket.PerSecond = 5;
        _clock.Pass(1);
        Drain(bucket).ShouldBe(13);
    }

    [Fact]
    public void It_says_how_long_until_it_holds_enough()
    {
        var bucket = new TokenBucket(5, 10, _clock);
        bucket.Take(12);
        bucket.TimeUntil(1).TotalSeconds.ShouldBe(0.6, 1e-6);
        _clock.Pass(bucket.TimeUntil(1).TotalSeconds + 1e-6);
        bucket.Has(1).ShouldBeTrue();
    }

    [Fact]
    public void In_steps_nothing_comes_in_between()
    {
        var bucket = new TokenBucket(5, 1000, _clock, TimeSpan.FromMinutes(1));
        bucket.Take(1010);
        _clock.Pass(59.9);
        bucket.Tokens.ShouldBe(-10);
        bucket.TimeUntilStep().TotalSeconds.ShouldBe(0.1, 1e-6);
        bucket.TimeUntil(291).TotalSeconds.ShouldBe(60.1, 1e-6);
        _clock.Pass(0.1);
        bucket.Tokens.ShouldBe(290);
    }

    private static int Drain(TokenBucket bucket)
    {
        var granted = 0;
        while (bucket.TryTake())
        {
            granted++;
        }
        return granted;
    }
}
