using Fairlead.Samples.Upstreams;

namespace Fairlead.Samples.Tests;

public sealed class SpApiTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public void Each_pair_has_its_own_bucket()
    {
        var api = new SpApi(_clock, new SpApiOperation("getItem", "/items/", 2, 3));
        Granted(api, "/items/1", "shop.app", 10).ShouldBe(3);
        Granted(api, "/items/1", "other.app", 10).ShouldBe(3);
        _clock.Pass(1);
        Granted(api, "/items/1", "shop.app", 10).ShouldBe(2);
    }

    [Fact]
    public void Whichever_threshold_comes_first()
    {
        var api = new SpApi(_clock, new SpApiOperation("getType", "/types/", 5, 10) { PerApplication = 8, ApplicationBurst = 12 });
        Granted(api, "/types/1", "shop.app", 20).ShouldBe(10);
        Granted(api, "/types/1", "other.app", 20).ShouldBe(2);
        Granted(api, "/types/1", "other.else", 20).ShouldBe(10);
    }

    [Fact]
    public void A_refusal_takes_nothing_from_the_other_bucket()
    {
        var api = new SpApi(_clock, new SpApiOperation("getType", "/types/", 1, 1) { PerApplication = 1, ApplicationBurst = 2 });
        Granted(api, "/types/1", "shop.app", 10).ShouldBe(1);
        Granted(api, "/types/1", "other.app", 10).ShouldBe(1);
    }

    [Fact]
    public void Most_responses_say_the_rate_of_the_pair()
    {
        var api = new SpApi(_clock, new SpApiOperation("getType", "/types/", 5, 10) { PerApplication = 100 });
        var said = Enumerable.Range(0, 100).Select(_ => api.Answer(Call("/types/1", "shop.app")).Headers.GetValueOrDefault("x-amzn-RateLimit-Limit")).ToList();
        said.Count(static rate => rate == "5").ShouldBe(90);
        said.Count(static rate => rate is null).ShouldBe(10);
    }

    [Theory]
    [InlineData("/orders/v0/orders/114-1/orderItems", "getOrderItems")]
    [InlineData("/orders/v0/orders", "getOrders")]
    [InlineData("/catalog/2022-04-01/items/B0", "getCatalogItem")]
    public void The_path_names_the_operation(string path, string operation) =>
        new SpApi(_clock).Answer(UpstreamCall.To(path)).Body.ToString().ShouldNotBeNull().ShouldContain($"operation = {operation},");

    [Fact]
    public void An_unknown_path_is_not_found() => new SpApi(_clock).Answer(UpstreamCall.To("/nowhere")).Status.ShouldBe(404);

    private static int Granted(SpApi api, string path, string token, int calls) =>
        Enumerable.Range(0, calls).Count(_ => api.Answer(Call(path, token)).Status == 200);

    private static UpstreamCall Call(string path, string token) => UpstreamCall.To($"{path}?x-amz-access-token={token}");
}
