using System.Globalization;
using Fairlead.Limits;
using Fairlead.Samples.Upstreams;
using Fairlead.Sqlite;
using Fairlead.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Bench;

/// <summary>
/// The real engine on a SQLite file calls upstreams over real HTTP, limited as they publish it: how much of the rate is used, and how much
/// is refused. Rates are ten times those of the seeds, so that two minutes are twenty; bursts and jitter are not, which makes it harder.
/// </summary>
internal static class UpstreamsBench
{
    private static readonly Behaviour Network = new() { Latency = TimeSpan.FromMilliseconds(100), Jitter = TimeSpan.FromMilliseconds(50) };

    private static readonly (string Name, Func<Task> Run)[] Runs =
    [
        ("sp-api", () => SpApiAsync(new() { Rate = 80.PerSecond() })),
        ("sp-api-burst", () => SpApiAsync(new() { Rate = 80.PerSecond(), Burst = 20 })),
        ("sp-api-burst-smaller", () => SpApiAsync(new() { Rate = 80.PerSecond(), Burst = 15 })),
        ("sp-api-burst-margin", () => SpApiAsync(new() { Rate = 80.PerSecond(), Burst = 20, Margin = 0.02 })),
        ("keepa", () => KeepaAsync(margin: 0, seconds: 2)),
        ("keepa-tight", () => KeepaAsync(margin: 0, seconds: 1)),
        ("keepa-margin", () => KeepaAsync(margin: 0.02, seconds: 2)),
        ("ebay", EbayAsync),
        ("adaptive", () => AdaptiveAsync(scale: 10, saysWhen: false)),
        ("adaptive-slow", () => AdaptiveAsync(scale: 1, saysWhen: true)),
    ];

    public static async Task<int> RunAsync(string[] names)
    {
        foreach (var (_, run) in Runs.Where(run => names.Length == 0 || names.Contains(run.Name)))
        {
            await run();
        }
        return 0;
    }

    private static async Task SpApiAsync(Limit limit)
    {
        var api = new SpApi(TimeProvider.System, new SpApiOperation("getPrice", "/price", 80, 20));
        await using var server = await UpstreamServer.StartAsync(api, TimeProvider.System, Network);
        await using var run = await UpstreamRun.StartAsync(server, new("sp_api", limit with { Headers = new() { Rate = "x-amzn-RateLimit-Limit" } }), TimeProvider.System);
        await run.EnqueueAsync(80 * 40, static n => ($"price?asin={n}", 1));
        await Task.Delay(TimeSpan.FromSeconds(30));
        var span = Span(server);
        Print($"SP-API 80/s, burst 20; limit {limit}", server, (server.Statistics.Read().Admitted - 1) / (80 * span), run);
    }

    /// <param name="margin">What of the rate is left unused.</param>
    /// <param name="seconds">How many seconds' worth of tokens is there at first; they come once a second, so that 1 leaves nothing between two steps.</param>
    private static async Task KeepaAsync(double margin, int seconds)
    {
        const int PerMinute = 30_000;
        var keepa = new Keepa(TimeProvider.System, PerMinute, TimeSpan.FromSeconds(1), balance: seconds * PerMinute / 60);
        await using var server = await UpstreamServer.StartAsync(keepa, TimeProvider.System, Network);
        var limit = new Limit { Rate = (PerMinute / 60).PerSecond(), Burst = 200, Debt = true, Margin = margin, Headers = new() { Remaining = "x-tokens-left", Reset = "x-refill-in" } };
        await using var run = await UpstreamRun.StartAsync(server, new("keepa", limit), TimeProvider.System);
        var random = new Random(1);
        // What is acquired is what is likely, seven; one in three costs thirteen.
        await run.EnqueueAsync(4000, _ => ($"product?asin=B0&offers={(random.Next(3) == 0 ? 20 : 10)}", 7));
        await Task.Delay(TimeSpan.FromSeconds(60));
        Print($"Keepa {PerMinute}/m, {seconds} s' worth at first; limit {limit}", server, keepa.Consumed / (PerMinute / 60 * (Span(server) + seconds)), run);
    }

    private static async Task EbayAsync()
    {
        const int Quota = 2000;
        var midnight = new DateTimeOffset(2026, 1, 15, 0, 0, 0, TimeSpan.FromHours(-8));
        var clock = new ShiftedClock(midnight - TimeSpan.FromSeconds(20));
        await using var server = await UpstreamServer.StartAsync(new Ebay(clock, Quota), clock, Network);
        var limit = new Limit { Rate = Quota.PerDay(), Resets = DailyReset.Parse("00:00 America/Los_Angeles"), Headers = new() { Remaining = "x-ratelimit-remaining", Reset = "x-ratelimit-reset:unix" } };
        await using var run = await UpstreamRun.StartAsync(server, new("ebay", limit), clock);
        await run.EnqueueAsync((2 * Quota) + 200, static n => ($"buy/browse/v1/item/{n}", 1));
        await Task.Delay(TimeSpan.FromSeconds(40));
        Print($"eBay {Quota}/day over one reset; limit {limit}", server, server.Statistics.Read().Admitted / (2.0 * Quota), run);
    }

    private static async Task AdaptiveAsync(int scale, bool saysWhen)
    {
        var phase = TimeSpan.FromSeconds(38);
        var clock = TimeProvider.System;
        var network = new Behaviour { Latency = Network.Latency / scale * 2, Jitter = Network.Jitter / scale * 2 };
        await using var server = await UpstreamServer.StartAsync(new Adjustable(clock, 8 * scale, burst: 8, saysWhen), clock, network);
        await using var run = await UpstreamRun.StartAsync(server, new("api", new Limit { Rate = (8 * scale).PerSecond(), Adaptive = true }), clock);
        await run.EnqueueAsync(8 * scale * 130, static n => ($"call?n={n}", 1));
        var began = clock.GetUtcNow();
        await Task.Delay(phase);
        var dropped = clock.GetUtcNow();
        server.Ask(UpstreamCall.To($"/rate?per_second={5 * scale}"));
        await Task.Delay(phase);
        var back = clock.GetUtcNow();
        server.Ask(UpstreamCall.To($"/rate?per_second={8 * scale}"));
        await Task.Delay(phase);
        var ended = clock.GetUtcNow();

        Print($"adjustable {8 * scale}/s, {5 * scale}/s, {8 * scale}/s, Retry-After {saysWhen}", server, UsedShare(server, 5 * scale, dropped, back), run);
        var second = TimeSpan.FromSeconds(1);
        Console.WriteLine($"  used of {8 * scale}/s: {UsedShare(server, 8 * scale, began + second, dropped):P1}; of {5 * scale}/s: {UsedShare(server, 5 * scale, dropped, back):P1}; "
            + $"later than 10 s after the drop at most {Most(server, 5 * second, dropped + (10 * second), back) / 5.0 / (5 * scale):N2} x the new rate in any 5 s; "
            + $"back, of {8 * scale}/s: {string.Join(", ", Enumerable.Range(0, 3).Select(i => $"{UsedShare(server, 8 * scale, back + (i * 12 * second), back + ((i + 1) * 12 * second)):P0}"))} in 12 s each ({ended - back:ss} s)");
    }

    private static double Span(UpstreamServer server) => (server.Statistics.Read() is { First: { } first, Last: { } last } ? last - first : default).TotalSeconds;

    private static double UsedShare(UpstreamServer server, double perSecond, DateTimeOffset from, DateTimeOffset to) =>
        server.Statistics.Arrivals.Count(arrival => arrival.Status == 200 && arrival.At >= from && arrival.At < to) / (perSecond * (to - from).TotalSeconds);

    private static int Most(UpstreamServer server, TimeSpan window, DateTimeOffset from, DateTimeOffset to)
    {
        var arrivals = server.Statistics.Arrivals;
        return arrivals.Where(arrival => arrival.At >= from && arrival.At + window <= to).Max(first => arrivals.Count(arrival => arrival.At >= first.At && arrival.At < first.At + window));
    }

    private static void Print(string what, UpstreamServer server, double used, UpstreamRun run)
    {
        var counts = server.Statistics.Read();
        Console.WriteLine($"{what}: {used:P1} used, {counts.Refused} of {counts.Arrived} refused ({counts.Refused / (double)counts.Arrived:P2}), {run.Asked / (double)counts.Arrived:N2} store calls a call");
    }
}

/// <summary>An engine whose jobs call one upstream through one limit, as a user would write it.</summary>
internal sealed class UpstreamRun : IAsyncDisposable
{
    private static readonly HttpRequestOptionsKey<long> Cost = new("cost");

    private readonly Scratch _scratch = new();
    private readonly IHost _host;

    private UpstreamRun(UpstreamServer server, NamedLimit limit, TimeProvider clock, int atOnce)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton(clock);
        builder.Services.AddFairlead(f => f
            .UseSqlite($"Data Source={_scratch.File("store.db")}")
            .AddLimit(limit.Name, limit.Limit)
            .AddQueue("calls", queue => queue.MaxConcurrent = atOnce)
            .AddJob("call", static (UpstreamJob job, IHttpClientFactory http, CancellationToken cancellationToken) => CallAsync(http, job, cancellationToken), "calls")
            .RunWorkers(options => options.Concurrency = atOnce));
        builder.Services.AddHttpClient("upstream", http => http.BaseAddress = server.Address).AddFairleadLimit(limit.Name, static options =>
        {
            options.Cost = static request => request.Options.TryGetValue(Cost, out var cost) ? cost : 1;
            options.ActualCost = static response => response.Headers.TryGetValues("x-tokens-consumed", out var cost) ? long.Parse(cost.First(), CultureInfo.InvariantCulture) : null;
        });
        _host = builder.Build();
    }

    /// <summary>How many calls of the store permits have cost.</summary>
    public long Asked => _host.Services.GetRequiredService<LimitClient>().Questions;

    public static async Task<UpstreamRun> StartAsync(UpstreamServer server, NamedLimit limit, TimeProvider clock, int atOnce = 64)
    {
        var run = new UpstreamRun(server, limit, clock, atOnce);
        await run._host.StartAsync();
        return run;
    }

    public async Task EnqueueAsync(int calls, Func<int, (string Path, long Cost)> call) =>
        await _host.Services.GetRequiredService<JobClient>().EnqueueManyAsync(Enumerable.Range(0, calls).Select(call).Select(static call => new UpstreamJob(call.Path, call.Cost)));

    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _host.StopAsync(atOnce.Token);
        _host.Dispose();
        _scratch.Dispose();
    }

    private static async Task CallAsync(IHttpClientFactory clients, UpstreamJob job, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(job.Path, UriKind.Relative));
        request.Options.Set(Cost, job.Cost);
        using var response = await clients.CreateClient("upstream").SendAsync(request, cancellationToken);
        response.EnsureSuccessStatusCode();
    }
}

/// <summary>One call of an upstream.</summary>
internal sealed record UpstreamJob(string Path, long Cost);

/// <summary>The system's clock, set to another date.</summary>
internal sealed class ShiftedClock(DateTimeOffset start) : TimeProvider
{
    private readonly TimeSpan _shift = start - System.GetUtcNow();

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _shift;
}
