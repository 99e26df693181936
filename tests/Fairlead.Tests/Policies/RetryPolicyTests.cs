using Fairlead.Policies;
using FsCheck;
using FsCheck.Fluent;

namespace Fairlead.Tests.Policies;

public sealed class RetryPolicyTests
{
    private static readonly RetryPolicy Policy = new(TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(5));

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 2)]
    [InlineData(2, 4)]
    [InlineData(3, 8)]
    [InlineData(8, 256)]
    [InlineData(9, 300)]
    [InlineData(5000, 300)]
    public void The_bound_doubles_up_to_the_maximum(int retry, double seconds) => Policy.Bound(retry).TotalSeconds.ShouldBe(seconds);

    [Theory]
    [InlineData(0.0, 4)]
    [InlineData(0.5, 2.1)]
    [InlineData(0.999999999, 0.2)]
    public void Chance_chooses_between_the_floor_and_the_bound(double chance, double seconds) =>
        Policy.Delay(2, chance).TotalSeconds.ShouldBe(seconds, 0.001);

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.0)]
    [InlineData(double.NaN)]
    public void Chance_outside_its_range_is_refused(double chance) => Should.Throw<ArgumentOutOfRangeException>(() => Policy.Delay(1, chance));

    [Fact]
    public void A_delay_is_never_zero_and_never_beyond_its_bound() => Prop.ForAll<int, int, int>((first, max, retry) =>
    {
        var policy = new RetryPolicy(TimeSpan.FromMilliseconds(1 + Math.Abs(first % 100_000)), TimeSpan.FromMilliseconds(1 + Math.Abs(max % 1_000_000)));
        var delay = policy.Delay(retry, new Random(first ^ max));
        return delay > TimeSpan.Zero && delay <= policy.Bound(retry) && policy.Bound(retry) <= policy.Max;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Jitter_spreads_over_the_whole_bound()
    {
        var random = new Random(1);
        var delays = Enumerable.Range(0, 10_000).Select(_ => Policy.Delay(1, random).TotalSeconds).ToList();
        delays.Average().ShouldBe(1.05, 0.02);
        delays.Count(d => d < 0.575).ShouldBeInRange(2300, 2700);
    }
}
