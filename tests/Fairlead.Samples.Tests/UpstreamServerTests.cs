using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Fairlead.Samples.Upstreams;

namespace Fairlead.Samples.Tests;

public sealed class UpstreamServerTests : IAsyncLifetime
{
    private readonly ManualClock _clock = new();
    private readonly HttpClient _http = new();

    [Fact]
    public async Task It_answers_over_HTTP_and_counts_what_reaches_it()
    {
        await using var server = await UpstreamServer.StartAsync(new Adjustable(_clock, 8, burst: 2), _clock);
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 3; i++)
        {
            using var answer = await _http.GetAsync(server.Address);
            answers.Add(answer.StatusCode);
            answer.Headers.RetryAfter?.Delta.ShouldBe(TimeSpan.FromSeconds(1));
        }
        answers.ShouldBe([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests]);
        server.Statistics.Arrivals.Select(static arrival => arrival.Status).ShouldBe([200, 200, 429]);

        var stats = await _http.GetFromJsonAsync<JsonElement>(new Uri(server.Address, "stats"));
        stats.GetProperty("arrived").GetInt32().ShouldBe(3);
        stats.GetProperty("refused").GetInt32().ShouldBe(1);
        stats.GetProperty("per_second").EnumerateArray().Select(static count => count.GetInt32()).ShouldBe([3]);
    }

    [Fact]
    public async Task Headers_of_the_call_reach_the_service_and_its_headers_the_caller()
    {
        await using var server = await UpstreamServer.StartAsync(new SpApi(_clock, new SpApiOperation("getItem", "/items/", 2, 1)), _clock);
        (await CallAsync(server, "shop.app")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await CallAsync(server, "other.app")).StatusCode.ShouldBe(HttpStatusCode.OK);
        using var refused = await CallAsync(server, "shop.app");
        refused.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        refused.Headers.GetValues("x-amzn-RateLimit-Limit").ShouldBe(["2"]);
    }

    [Fact]
    public async Task Errors_are_admitted_calls_that_fail()
    {
        await using var server = await UpstreamServer.StartAsync(new Adjustable(_clock, 8, burst: 5), _clock, new() { ErrorShare = 1 });
        using var answer = await _http.GetAsync(server.Address);
        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        var counts = server.Statistics.Read();
        (counts.Arrived, counts.Admitted, counts.Failed).ShouldBe((1, 1, 1));
    }

    [Fact]
    public async Task A_page_is_HTML_takes_its_own_time_and_is_counted_by_whom_it_was_for()
    {
        await using var server = await UpstreamServer.StartAsync(new MachineShops(TimeProvider.System, scale: 0.01, hung: ["aeon.example"]), TimeProvider.System);
        using var leave = new CancellationTokenSource();
        var hanging = _http.GetAsync(new Uri(server.Address, "scrape?url=https://aeon.example/machines/one"), leave.Token);
        await UntilAsync(() => server.Statistics.Arrivals.Count == 1);
        using var page = await _http.GetAsync(new Uri(server.Address, "scrape?url=https://omtech.example/machines/one"));
        page.Content.Headers.ContentType!.ToString().ShouldBe("text/html; charset=utf-8");
        (await page.Content.ReadAsStringAsync()).ShouldStartWith("<!doctype html>");

        await UntilAsync(() => server.Statistics.Read().InFlight == 1);
        var arrivals = server.Statistics.Arrivals;
        arrivals.Select(static arrival => arrival.For).ShouldBe(["aeon.example", "omtech.example"]);
        arrivals[0].EndedAt.ShouldBeNull();
        (arrivals[1].EndedAt!.Value - arrivals[1].At).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(69));

        await leave.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(hanging);
        await UntilAsync(() => server.Statistics.Arrivals[0].EndedAt is not null);
    }

    [Fact]
    public async Task A_hanging_call_is_counted_and_ends_with_its_caller()
    {
        await using var server = await UpstreamServer.StartAsync(new Adjustable(TimeProvider.System, 8, burst: 5), TimeProvider.System, new() { HangShare = 1 });
        using var leave = new CancellationTokenSource();
        var call = _http.GetAsync(server.Address, leave.Token);
        await UntilAsync(() => server.Statistics.Read() is { Hung: 1, InFlight: 1 });
        await leave.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(call);
        await UntilAsync(() => server.Statistics.Read() is { Arrived: 1, InFlight: 0 });
    }

    public ValueTask InitializeAsync() => default;

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return default;
    }

    private async Task<HttpResponseMessage> CallAsync(UpstreamServer server, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Address, "items/1")) { Headers = { { "x-amz-access-token", token } } };
        return await _http.SendAsync(request);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10), TimeProvider.System);
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, deadline.Token);
        }
    }
}
