using Fairlead.Samples.Upstreams;

namespace Fairlead.Samples.Tests;

public sealed class BehaviourTests
{
    [Fact]
    public void Latency_and_chances_are_as_said()
    {
        var behaviour = new Behaviour { Latency = TimeSpan.FromMilliseconds(200), Jitter = TimeSpan.FromMilliseconds(50), ErrorShare = 0.1, HangShare = 0.01 };
        var fates = Draw(behaviour, 10_000);
        fates.ShouldAllBe(fate => fate.Before + fate.After >= TimeSpan.FromMilliseconds(149) && fate.Before + fate.After <= TimeSpan.FromMilliseconds(251));
        fates.Average(fate => (fate.Before + fate.After).TotalMilliseconds).ShouldBe(200, 2);
        fates.Count(fate => fate.Fails).ShouldBeInRange(900, 1100);
        fates.Count(fate => fate.Hangs).ShouldBeInRange(60, 140);
    }

    [Fact]
    public void A_seed_repeats() =>
        Draw(new() { Latency = TimeSpan.FromSeconds(1), Jitter = TimeSpan.FromSeconds(2), ErrorShare = 0.5 }, 100)
            .ShouldBe(Draw(new() { Latency = TimeSpan.FromSeconds(1), Jitter = TimeSpan.FromSeconds(2), ErrorShare = 0.5 }, 100));

    [Fact]
    public void No_time_is_below_zero() =>
        Draw(new() { Jitter = TimeSpan.FromSeconds(1) }, 100).ShouldAllBe(fate => fate.Before >= TimeSpan.Zero && fate.After >= TimeSpan.Zero);

    private static List<Fate> Draw(Behaviour behaviour, int times)
    {
        var random = new Random(behaviour.Seed);
        return [.. Enumerable.Range(0, times).Select(_ => Fate.Draw(behaviour, random))];
    }
}
