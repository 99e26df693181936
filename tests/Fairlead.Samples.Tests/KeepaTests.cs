using Fairlead.Samples.Upstreams;

namespace Fairlead.Samples.Tests;

public sealed class KeepaTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public void Whoever_begins_above_zero_may_go_into_debt()
    {
        var keepa = new Keepa(_clock, refillRate: 60, TimeSpan.FromSeconds(1), balance: 1);
        Ask(keepa, "/product?asin=A,B,C,D&offers=20").ShouldBe((200, -51, 52));
        Ask(keepa, "/product?asin=A").ShouldBe((429, -51, 0));
        _clock.Pass(51);
        Ask(keepa, "/product?asin=A").ShouldBe((429, 0, 0));
        _clock.Pass(1);
        Ask(keepa, "/product?asin=A").ShouldBe((200, 0, 1));
    }

    [Fact]
    public void Tokens_come_by_the_minute_and_expire_after_an_hour()
    {
        var keepa = new Keepa(_clock, refillRate: 20, balance: 0);
        _clock.Pass(59);
        Ask(keepa, "/token").Left.ShouldBe(0);
        RefillIn(keepa).ShouldBe("1");
        _clock.Pass(1);
        Ask(keepa, "/token").Left.ShouldBe(20);
        RefillIn(keepa).ShouldBe("60");
        _clock.Pass(2 * 3600);
        Ask(keepa, "/token").Left.ShouldBe(20 * 60);
    }

    [Fact]
    public void The_balance_costs_nothing_and_is_not_counted()
    {
        var keepa = new Keepa(_clock, refillRate: 20, balance: 5);
        keepa.Answer(UpstreamCall.To("/token")).Counts.ShouldBeFalse();
        Ask(keepa, "/product?asin=A").ShouldBe((200, 4, 1));
        keepa.Consumed.ShouldBe(1);
    }

    private static (int Status, long Left, long Consumed) Ask(Keepa keepa, string call)
    {
        var answer = keepa.Answer(UpstreamCall.To(call));
        return (answer.Status, long.Parse(answer.Headers["x-tokens-left"]), long.Parse(answer.Headers["x-tokens-consumed"]));
    }

    private static string RefillIn(Keepa keepa) => keepa.Answer(UpstreamCall.To("/token")).Headers["x-refill-in"];
}
