using Fairlead.Samples.Upstreams;

namespace Fairlead.Samples.Tests;

public sealed class MachineShopsTests
{
    private readonly ManualClock _clock = new();

    [Theory]
    [InlineData("onelaser", 1, 7, true)]
    [InlineData("onelaser", 2, 10.5, true)]
    [InlineData("thunder", 1, 9, true)]
    [InlineData("xtool", 1, 4, false)]
    [InlineData("xtool", 2, 6, true)]
    public void Each_shop_takes_its_time_and_shows_its_price_to_who_fetches_it_so(string shop, int tier, double seconds, bool price)
    {
        var shops = new MachineShops(_clock);
        var answer = shops.Answer(Scrape($"https://{shop}.example/machines/one", tier));
        (answer.Status, answer.Takes.TotalSeconds, answer.For).ShouldBe((200, seconds, $"{shop}.example"));
        ((string)answer.Body).Contains("\"priceCurrency\":\"USD\"", StringComparison.Ordinal).ShouldBe(price);
        shops.Credits.ShouldBe(tier == 2 ? 5 : 1);
    }

    [Fact]
    public void Some_pages_do_not_answer_whatever_the_scale()
    {
        var shops = new MachineShops(_clock, scale: 0.1, hung: ["omtech.example/machines/silent", "aeon.example"]);
        Takes(shops, "omtech", "silent").ShouldBe(34 * 60);
        Takes(shops, "aeon", "any").ShouldBe(34 * 60);
        Takes(shops, "omtech", "other").ShouldBe(0.7, 1e-9);
    }

    [Fact]
    public void A_shop_itself_answers_a_few_calls_and_says_when_it_will_again()
    {
        var shops = new MachineShops(_clock);
        Direct(shops, 6).Select(static answer => answer.Status).ShouldBe([200, 200, 200, 200, 429, 429]);
        Direct(shops, 1)[0].Headers["Retry-After"].ShouldBe("1");
        _clock.Pass(1);
        Direct(shops, 3).Select(static answer => answer.Status).ShouldBe([200, 200, 429]);
    }

    [Fact]
    public void A_price_is_the_same_all_day_and_another_the_next()
    {
        var shops = new MachineShops(_clock);
        string Page() => (string)shops.Answer(Scrape("https://omtech.example/machines/one", 1)).Body;
        var (today, later) = (Page(), Page());
        later.ShouldBe(today);
        _clock.Pass(86_400);
        Page().ShouldNotBe(today);
    }

    [Theory]
    [InlineData("/scrape?url=https%3A%2F%2Fnowhere.example%2Fx&tier=1", 422)]
    [InlineData("/scrape?url=https%3A%2F%2Fomtech.example%2Fx&tier=3", 422)]
    [InlineData("/scrape", 422)]
    [InlineData("/other", 404)]
    public void What_nobody_can_fetch_is_refused(string call, int status) => new MachineShops(_clock).Answer(UpstreamCall.To(call)).Status.ShouldBe(status);

    private static UpstreamCall Scrape(string url, int tier) => UpstreamCall.To($"/scrape?url={Uri.EscapeDataString(url)}&tier={tier}");

    private static double Takes(MachineShops shops, string shop, string machine) => shops.Answer(Scrape($"https://{shop}.example/machines/{machine}", 1)).Takes.TotalSeconds;

    private static List<UpstreamAnswer> Direct(MachineShops shops, int calls) =>
        [.. Enumerable.Range(0, calls).Select(_ => shops.Answer(UpstreamCall.To($"/direct?url={Uri.EscapeDataString("https://omtech.example/machines/one")}")))];
}
