using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Fairlead.Cli.Tests;
using Fairlead.Samples.Upstreams;
using Microsoft.Data.Sqlite;

namespace Fairlead.Servers.Tests.Samples;

/// <summary>samples/price-update as a process of its own against real shops, twenty times as quick: four pages never answer.</summary>
public sealed class PriceUpdateTests : IDisposable
{
    private const int Machines = 165, Silent = 4, Workers = 5;
    private const double Scale = 0.05;
    private const string All = """{"days_threshold":0,"limit":null,"max_workers":5,"use_scrapfly":true}""";
    private readonly Workspace _here = new();
    private readonly HttpClient _http = new() { Timeout = Workspace.Patience };

    /// <summary>
    /// Between two attempts on a slot lies a commit of the first one's end, however quick the machine: thirty-odd times, a tenth of a second
    /// each on one that is busy. The bound is made of run times as they were, so that a slow machine raises both.
    /// </summary>
    private static double HandOvers => Math.Ceiling((Machines + Silent) / (double)Workers) * 0.1;

    public void Dispose()
    {
        _http.Dispose();
        _here.Dispose();
    }

    [Fact]
    public async Task Whether_its_caller_waits_or_not_a_batch_is_the_same_and_ends_in_time()
    {
        await using var shops = await ShopsAsync(TimeSpan.FromMinutes(34));
        await StartAsync(shops, timeouts: "00:00:03", simple: "00:00:01.5");

        var background = await PostAsync(All, wait: null, HttpStatusCode.Accepted);
        background.GetProperty("total_machines").GetInt32().ShouldBe(Machines);
        await UntilEndedAsync(background);
        var waited = await PostAsync(All, wait: 300, HttpStatusCode.OK);

        foreach (var batch in (JsonElement[])[background, waited])
        {
            var job = await GetAsync(batch, "job");
            (Number(job, "success_count"), Number(job, "error_count"), Number(job, "timed_out_count")).ShouldBe((Machines - Silent, Silent, Silent));
            var explained = await GetAsync(batch, "explain");
            Number(explained, "slots").ShouldBe(Workers);
            explained.GetProperty("wall_seconds").GetDouble().ShouldBeLessThanOrEqualTo((1.05 * explained.GetProperty("bound_seconds").GetDouble()) + HandOvers);
            (await _here.RunAsync("logs", batch.GetProperty("name").GetString()!, "-f")).With(0).Output.ShouldContain("Processing machine OneLaser Hydra 7 (tier 1)");
        }
        (await PayloadsAsync(background)).ShouldBe(await PayloadsAsync(waited), ignoreOrder: true);
        Priced().ShouldBe(Machines - Silent);
        shops.Statistics.Arrivals.Count.ShouldBe(2 * (Machines + Silent), "each page twice, and each that did not answer twice more");
        shops.Statistics.Read().MostInFlight.ShouldBeLessThanOrEqualTo(Workers + Silent, "a request that was given up is still on its way out");
    }

    [Fact]
    public async Task With_no_timeouts_explain_names_the_requests_that_held_the_workers()
    {
        await using var shops = await ShopsAsync(TimeSpan.FromSeconds(20));
        await StartAsync(shops, timeouts: "01:00:00", simple: "01:00:00");

        var batch = await PostAsync(All, wait: 300, HttpStatusCode.OK);

        Number(batch, "success_count").ShouldBe(Machines);
        var it = await GetAsync(batch, "explain");
        it.GetProperty("holders").EnumerateArray().Select(static holder => holder.GetProperty("group").GetString()).Take(Silent).ShouldBe(SilentPages().Select(static page => page.Split('/')[0]), ignoreOrder: true);
        it.GetProperty("effective_slots").GetDouble().ShouldBeInRange(1, 2.99);
        it.GetProperty("advice")[0].GetProperty("change").GetString()!.ShouldStartWith("timeout: ");
        var text = (await _here.RunAsync("explain", batch.GetProperty("name").GetString()!)).With(0).Output;
        text.ShouldContain("Slots were held by unusually long attempts: job ");
        text.ShouldMatch(@"Of 5 slots, [12]\.\d were effectively there\.");
    }

    [Theory]
    [InlineData("""{"max_workers":21}""", "max_workers expects 1 to 20, which is what queue 'prices' runs at once; got 21.")]
    [InlineData("""{"max_workers":0}""", "max_workers expects 1 or more; got 0.")]
    [InlineData("""{"limit":0}""", "limit expects 1 or more, or null for all machines; got 0.")]
    [InlineData("""{"days_threshold":-1}""", "days_threshold expects 0 to 36500 days; got -1.")]
    [InlineData("""{"max_worker":1}""", "max_worker")]
    public async Task What_nobody_can_want_is_refused_with_what_was_expected(string body, string says)
    {
        await using var shops = await ShopsAsync(TimeSpan.Zero);
        await StartAsync(shops, timeouts: "00:00:03", simple: "00:00:01.5");
        (await PostAsync(body, wait: null, HttpStatusCode.BadRequest)).GetProperty("detail").GetString()!.ShouldContain(says);
    }

    [Fact]
    public async Task The_number_of_workers_is_changed_while_a_batch_runs()
    {
        await using var shops = await ShopsAsync(TimeSpan.Zero);
        await StartAsync(shops, timeouts: "00:00:30", simple: "00:00:30");
        var batch = await PostAsync("""{"days_threshold":0,"limit":60,"max_workers":8}""", wait: null, HttpStatusCode.Accepted);
        await Workspace.UntilAsync(() => shops.Statistics.Read().InFlight == 8, "eight are fetched at once");
        (await _http.PatchAsJsonAsync("/api/v1/queues/prices", new { max_concurrent = 2 })).EnsureSuccessStatusCode();
        await Workspace.UntilAsync(() => shops.Statistics.Read().InFlight <= 2, "those have ended");
        var before = shops.Statistics.Arrivals.Count;
        await Workspace.UntilAsync(() => shops.Statistics.Arrivals.Count >= before + 10, "ten more were begun");
        var after = shops.Statistics.Arrivals.Skip(before).ToList();
        after.ShouldAllBe(one => after.Count(other => other.At <= one.At && (other.EndedAt == null || other.EndedAt > one.At)) <= 2);
        (await _http.PatchAsJsonAsync("/api/v1/queues/prices", new { max_concurrent = 20 })).EnsureSuccessStatusCode();
        await Workspace.UntilAsync(() => shops.Statistics.Read().InFlight == 8, "eight again");
        await UntilEndedAsync(batch);
    }

    private static Task<UpstreamServer> ShopsAsync(TimeSpan hang) =>
        UpstreamServer.StartAsync(new MachineShops(TimeProvider.System, Scale, hang > TimeSpan.Zero ? SilentPages() : [], hang), TimeProvider.System);

    /// <summary>The page of four shops that the batch comes to first, as it came in the seed: what hangs at the end of a batch nobody can make up for.</summary>
    private static string[] SilentPages() =>
    [
        .. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "machines.csv")).Skip(1).Select(static line => line.Split(',')).OrderBy(static cells => cells[3], StringComparer.Ordinal)
            .Select(static cells => cells[1]["https://".Length..]).DistinctBy(static page => page.Split('/')[0]).Take(Silent),
    ];

    private async Task StartAsync(UpstreamServer shops, string timeouts, string simple)
    {
        var url = $"http://127.0.0.1:{FreePort()}";
        _http.BaseAddress = new Uri(url);
        _here.StartTool(
            "env", $"Fairlead__Queues__prices__Timeout={timeouts}", $"Fairlead__Queues__prices__TimeoutBy__Times__1={simple}", "Fairlead__Queues__prices__BackoffFirst=00:00:00.1",
            Path.Combine(AppContext.BaseDirectory, "Fairlead.Samples.PriceUpdate"), "--urls", url, "--Scraper", shops.Address.ToString());
        await Workspace.UntilAsync(AnswersAsync, "the program answers");
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            return (await _http.GetAsync("/readyz")).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<JsonElement> PostAsync(string body, int? wait, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/batch-update") { Content = new StringContent(body) };
        if (wait is { } seconds)
        {
            request.Headers.Add("Prefer", string.Create(CultureInfo.InvariantCulture, $"wait={seconds}"));
        }
        using var answer = await _http.SendAsync(request);
        answer.StatusCode.ShouldBe(expected, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private Task<JsonElement> GetAsync(JsonElement batch, string link) => _http.GetFromJsonAsync<JsonElement>(batch.GetProperty("links").GetProperty(link).GetString());

    private async Task UntilEndedAsync(JsonElement batch) =>
        await Workspace.UntilAsync(async () => (await GetAsync(batch, "job")).GetProperty("status").GetString() == "completed", "the batch has ended");

    private async Task<string[]> PayloadsAsync(JsonElement batch) =>
        [.. (await _http.GetFromJsonAsync<JsonElement>($"{batch.GetProperty("links").GetProperty("items").GetString()}?limit=1000")).GetProperty("jobs").EnumerateArray().Select(static job => job.GetProperty("payload").GetRawText())];

    private long Priced()
    {
        using var connection = new SqliteConnection($"Data Source={_here.File("prices.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM machines WHERE price > 0 AND currency = 'USD'";
        return (long)command.ExecuteScalar()!;
    }

    private static int Number(JsonElement body, string name) => body.GetProperty(name).GetInt32();

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
