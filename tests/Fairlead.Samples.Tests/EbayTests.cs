using Fairlead.Samples.Upstreams;

namespace Fairlead.Samples.Tests;

public sealed class EbayTests
{
    [Theory]
    [InlineData("2026-01-15T07:59:59Z", "2026-01-15T08:00:00Z")]
    [InlineData("2026-01-15T08:00:00Z", "2026-01-16T08:00:00Z")]
    [InlineData("2026-07-15T06:59:59Z", "2026-07-15T07:00:00Z")]
    [InlineData("2026-03-08T08:00:00Z", "2026-03-09T07:00:00Z")]
    [InlineData("2026-11-01T07:00:00Z", "2026-11-02T08:00:00Z")]
    public void The_day_begins_at_midnight_in_California(string now, string resets) =>
        new Ebay(new ManualClock(DateTimeOffset.Parse(now))).ResetsAt.ShouldBe(DateTimeOffset.Parse(resets));

    [Fact]
    public void The_quota_is_whole_again_at_the_reset()
    {
        var clock = new ManualClock(new(2026, 1, 15, 7, 59, 0, TimeSpan.Zero));
        var ebay = new Ebay(clock, perDay: 3);
        Ask(ebay, 5).ShouldBe(["200 2", "200 1", "200 0", "429 0", "429 0"]);
        clock.Pass(59.9);
        Ask(ebay, 1).ShouldBe(["429 0"]);
        clock.Pass(0.1);
        Ask(ebay, 4).ShouldBe(["200 2", "200 1", "200 0", "429 0"]);
    }

    [Fact]
    public void Analytics_tell_and_cost_nothing()
    {
        var ebay = new Ebay(new ManualClock(new(2026, 1, 15, 12, 0, 0, TimeSpan.Zero)), perDay: 3);
        Ask(ebay, 1);
        var answer = ebay.Answer(UpstreamCall.To("/developer/analytics/v1_beta/rate_limit/"));
        answer.Counts.ShouldBeFalse();
        System.Text.Json.JsonSerializer.Serialize(answer.Body).ShouldContain("""{"count":1,"limit":3,"remaining":2,"reset":"2026-01-16T08:00:00.000Z","timeWindow":86400}""");
        Ask(ebay, 1).ShouldBe(["200 1"]);
    }

    private static List<string> Ask(Ebay ebay, int calls) =>
        [.. Enumerable.Range(0, calls).Select(_ => ebay.Answer(UpstreamCall.To("/buy/browse/v1/item/1"))).Select(static answer => $"{answer.Status} {answer.Headers["x-ratelimit-remaining"]}")];
}
