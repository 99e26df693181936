using System.Text.Json;
using Fairlead.Samples.Upstreams;

namespace Fairlead.Samples.Tests;

public sealed class MarketplaceTests
{
    private readonly ManualClock _clock = new();

    [Theory]
    [InlineData("atlas", 2)]
    [InlineData("leviathan", 40)]
    public void An_account_is_read_page_by_page_to_its_end(string account, int pages)
    {
        var marketplace = new Marketplace(_clock);
        var ids = new HashSet<string>();
        var (read, page) = (0, 1 as int?);
        for (; page is { } number; read++)
        {
            var answer = marketplace.Answer(UpstreamCall.To($"/accounts/{account}/orders?page={number}"));
            (answer.Status, answer.Takes, answer.For).ShouldBe((200, TimeSpan.FromSeconds(1), $"{account}/orders"));
            var body = JsonSerializer.SerializeToElement(answer.Body);
            ids.UnionWith(body.GetProperty("items").EnumerateArray().Select(static item => item.GetProperty("id").GetString()!));
            page = body.GetProperty("next").ValueKind == JsonValueKind.Null ? null : body.GetProperty("next").GetInt32();
        }
        (read, ids.Count).ShouldBe((pages, pages * Marketplace.PageSize));
    }

    [Fact]
    public void Two_accounts_are_unlike_the_others()
    {
        var marketplace = new Marketplace(_clock);
        JsonSerializer.SerializeToElement(marketplace.Answer(UpstreamCall.To($"/accounts/{Marketplace.Broken}/offers")).Body).GetProperty("items").ValueKind.ShouldBe(JsonValueKind.String);
        marketplace.Answer(UpstreamCall.To($"/accounts/{Marketplace.Hanging}/messages")).Takes.ShouldBe(TimeSpan.FromMinutes(34));
    }

    [Fact]
    public void Each_account_has_its_own_number_of_calls_a_second()
    {
        var marketplace = new Marketplace(_clock, perSecond: 2);
        int Ask(string account) => marketplace.Answer(UpstreamCall.To($"/accounts/{account}/orders")).Status;
        new[] { Ask("atlas"), Ask("atlas"), Ask("atlas"), Ask("birch") }.ShouldBe([200, 200, 429, 200]);
        _clock.Pass(0.5);
        new[] { Ask("atlas"), Ask("atlas") }.ShouldBe([200, 429]);
    }

    [Theory]
    [InlineData("/accounts/nobody/orders")]
    [InlineData("/accounts/atlas/friends")]
    [InlineData("/accounts")]
    public void What_there_is_not_is_not_found(string path) => new Marketplace(_clock).Answer(UpstreamCall.To(path)).Status.ShouldBe(404);
}
