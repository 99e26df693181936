using Fairlead.Policies;

namespace Fairlead.Tests.Policies;

/// <summary>What becomes of a limit's state when another limit takes its place.</summary>
public sealed class LimitStateTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1, 3600, 100, 1, 0.01)]
    [InlineData(100, 1, 1, 3600, 3600)]
    [InlineData(8, 1, 8, 1, 0.125)]
    public void The_next_permit_comes_at_the_new_pace(int permits, int seconds, int newPermits, int newSeconds, double wait)
    {
        var (before, after) = ((Limit)new Rate(permits, TimeSpan.FromSeconds(seconds)), (Limit)new Rate(newPermits, TimeSpan.FromSeconds(newSeconds)));
        var state = new LimitState();
        state.Take(before, 1, state.Earliest(before, 1, Now, forJob: true)!.Value, forJob: true);

        state.Changed(before, after, Now);

        (state.Earliest(after, 1, Now, forJob: true)!.Value - Now).TotalSeconds.ShouldBe(wait, wait * 1e-6);
    }

    [Fact]
    public void An_empty_bucket_stays_empty()
    {
        var (before, after) = (new Limit { Rate = 1.PerHour(), Burst = 4 }, new Limit { Rate = 10.PerSecond(), Burst = 4 });
        var state = new LimitState();
        for (var i = 0; i < 4; i++)
        {
            state.Take(before, 1, Now, forJob: true);
        }

        state.Redefined(before, after, Now);

        state.Available(after, Now).ShouldBe(0);
        state.Available(after, Now + TimeSpan.FromMilliseconds(100)).ShouldBe(1);
    }
}
