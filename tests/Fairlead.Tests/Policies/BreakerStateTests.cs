using Fairlead.Policies;

namespace Fairlead.Tests.Policies;

public sealed class BreakerStateTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly BreakerPolicy Policy = new();

    /// <summary>Reads outcomes, F for a failure, until it opens.</summary>
    private static (BreakerState State, int Opened) After(string outcomes, BreakerPolicy policy)
    {
        var state = default(BreakerState);
        for (var i = 0; i < outcomes.Length; i++)
        {
            state = outcomes[i] == 'F' ? state.Failed(policy, Now) : state.Succeeded(Now);
            if (state.MustOpen(policy))
            {
                return (state.Opened(policy, Now), i + 1);
            }
        }
        return (state, 0);
    }

    [Theory]
    [InlineData("FFFF",                       0)]
    [InlineData("FFFFF",                      5)]
    [InlineData("FFFFSFFFF",                  0)]
    [InlineData("SSSSSSSSSSSSSSFFFFF",        19)]
    [InlineData("SFSFSFSFSF",                 10)]
    [InlineData("SSFSSFSSFSSFSSFSSFSSFSSFSS", 0)]
    [InlineData("FSFSFSFSF",                  0)]
    public void Opens_after_failures_in_a_row_or_when_half_of_a_small_window_failed(string outcomes, int opened) =>
        After(outcomes, Policy).Opened.ShouldBe(opened);

    [Theory]
    [InlineData("",       5)]
    [InlineData("F",      4)]
    [InlineData("FFFF",   1)]
    [InlineData("S",      int.MaxValue)]
    [InlineData("SF",     4)]
    [InlineData("SFFFFS", int.MaxValue)]
    [InlineData("FFFFF",  0)]
    public void Lets_few_in_flight_until_it_is_proven(string outcomes, int allowed) =>
        After(outcomes, Policy).State.Allowed(Policy, Now).ShouldBe(allowed);

    [Fact]
    public void Open_time_doubles_up_to_the_longest()
    {
        var (state, at) = (default(BreakerState), Now);
        var times = new List<double>();
        for (var i = 0; i < 7; i++)
        {
            state = i == 0 ? state.Opened(Policy, at) : state.Failed(Policy, at);
            times.Add((state.OpenUntil!.Value - at).TotalSeconds);
            at = state.OpenUntil.Value;
        }
        times.ShouldBe([30, 60, 120, 240, 480, 600, 600]);
    }

    [Fact]
    public void What_was_in_flight_when_it_opened_has_no_say()
    {
        var open = After("FFFFF", Policy).State;
        open.Succeeded(Now.AddSeconds(29)).ShouldBe(open);
        open.Failed(Policy, Now.AddSeconds(29)).ShouldBe(open);
        open.Succeeded(Now.AddSeconds(30)).IsOpen.ShouldBeFalse();
    }

    [Theory]
    [InlineData(0, 1, true)]
    [InlineData(0, 2, true)]
    [InlineData(1, 3, false)]
    [InlineData(1, 4, true)]
    [InlineData(2, 4, false)]
    [InlineData(24, 50, true)]
    [InlineData(25, 50, false)]
    public void Never_quarantines_more_than_half(int open, int keys, bool may) => BreakerState.MayQuarantine(open, keys).ShouldBe(may);

    [Theory]
    [InlineData(1)]
    [InlineData(50)]
    public void A_dead_key_costs_at_most_fourteen_attempts_in_its_first_hour(int slots)
    {
        var (state, running, attempts) = (default(BreakerState), 0, 0);
        for (var second = 0; second < 3600; second++)
        {
            var at = Now.AddSeconds(second);
            for (; running > 0; running--)
            {
                state = state.Failed(Policy, at);
                state = state.MustOpen(Policy) ? state.Opened(Policy, at) : state;
            }
            running = Math.Min(slots, state.Allowed(Policy, at));
            attempts += running;
        }
        attempts.ShouldBeInRange(10, 14);
    }
}
