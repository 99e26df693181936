using System.Globalization;
using System.Net;
using Fairlead.Limits;
using Fairlead.Storage;
using Fairlead.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Http.Tests;

/// <summary>HTTP clients under a limit, against a real server that counts.</summary>
public sealed class HttpLimitTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Requests_arrive_at_the_rate_and_never_early()
    {
        await using var upstream = await CountingUpstream.StartAsync();
        using var host = Build(upstream, 50.PerSecond());
        var http = Client(host);
        await http.GetAsync("/", Token);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            for (var i = 0; i < 13; i++)
            {
                (await http.GetAsync("/", Token)).Dispose();
            }
        }));

        var arrivals = upstream.Arrivals.Order().ToList();
        arrivals.Count.ShouldBe(105);
        // 104 permits lie 20 ms apart; the first may be 50 ms late, and all of them as late as this machine is.
        (arrivals[^1] - arrivals[0]).ShouldBeGreaterThan(TimeSpan.FromSeconds((104 / 50.0) - 0.2));
    }

    [Theory]
    [InlineData(false, 429)]
    [InlineData(true, 429)]
    [InlineData(false, 503)]
    public async Task A_refusal_with_Retry_After_holds_everybody_back_and_defers_the_job_at_no_cost(bool asDate, int status)
    {
        await using var upstream = await CountingUpstream.StartAsync((number, context) =>
        {
            if (number == 1)
            {
                context.Response.StatusCode = status;
                context.Response.Headers.Date = TimeProvider.System.GetUtcNow().ToString("R", CultureInfo.InvariantCulture);
                context.Response.Headers.RetryAfter = asDate ? TimeProvider.System.GetUtcNow().AddSeconds(2).ToString("R", CultureInfo.InvariantCulture) : "2";
            }
            return Task.CompletedTask;
        });
        using var host = Build(upstream, 100.PerSecond(), retries: 0);
        await host.StartAsync(Token);
        var jobs = host.Services.GetRequiredService<JobClient>();

        var job = await jobs.EnqueueAsync(new Fetch(), cancellationToken: Token);
        var ended = await jobs.WaitAsync(job.Id, Token);

        (ended.Status, ended.Attempt).ShouldBe((JobStatus.Completed, 1));
        upstream.Arrivals.Count.ShouldBe(2);
        (upstream.Arrivals[1] - upstream.Arrivals[0]).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(1.9));
        (await jobs.Store.ListLimitsAsync(Token)).Single().Throttles.ShouldBe(1);
        await host.StopAsync(Token);
    }

    [Fact]
    public async Task Outside_a_job_a_refusal_is_returned_and_the_next_request_waits()
    {
        await using var upstream = await CountingUpstream.StartAsync((number, context) =>
        {
            (context.Response.StatusCode, context.Response.Headers.RetryAfter) = number == 1 ? (429, "1") : (200, default);
            return Task.CompletedTask;
        });
        using var host = Build(upstream, 100.PerSecond());
        var http = Client(host);

        (await http.GetAsync("/", Token)).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        (await http.GetAsync("/", Token)).StatusCode.ShouldBe(HttpStatusCode.OK);

        (upstream.Arrivals[1] - upstream.Arrivals[0]).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(0.95));
    }

    [Fact]
    public async Task Failures_open_the_breaker_and_then_nothing_is_sent()
    {
        await using var upstream = await CountingUpstream.StartAsync(static (_, context) =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        });
        using var host = Build(upstream, new Limit { Rate = 1000.PerSecond(), Breaker = new BreakerPolicy { Failures = 3, OpenFor = TimeSpan.FromMinutes(5) } });
        var http = Client(host);

        for (var i = 0; i < 3; i++)
        {
            (await http.GetAsync("/", Token)).StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        }
        using var short1 = new CancellationTokenSource(TimeSpan.FromMilliseconds(300), TimeProvider.System);
        await Should.ThrowAsync<OperationCanceledException>(() => http.GetAsync("/", short1.Token));

        upstream.Arrivals.Count.ShouldBe(3);
    }

    [Fact]
    public async Task No_answer_is_a_failure_too()
    {
        await using var upstream = await CountingUpstream.StartAsync();
        var counted = default(Reports);
        using var host = Build(upstream, 1000.PerSecond(), store: inner => counted = new Reports(inner));
        var http = Client(host);
        await upstream.DisposeAsync();

        await Should.ThrowAsync<HttpRequestException>(() => http.GetAsync("/", Token));

        counted!.All.Single().Failed.ShouldBe(1);
    }

    [Fact]
    public async Task What_the_upstream_says_is_left_is_believed_and_the_real_cost_is_charged()
    {
        await using var upstream = await CountingUpstream.StartAsync(static (_, context) =>
        {
            context.Response.Headers["x-tokens-left"] = "-3";
            context.Response.Headers["x-refill-in"] = "1500";
            context.Response.Headers["x-rate"] = "2.5";
            context.Response.Headers["x-cost"] = "7";
            return Task.CompletedTask;
        });
        var counted = default(Reports);
        var limit = new Limit { Rate = 5.PerSecond(), Burst = 20, Headers = new LimitHeaders { Remaining = "X-Tokens-Left", Reset = "x-refill-in:ms", Rate = "x-rate" } };
        using var host = Build(upstream, limit, store: inner => counted = new Reports(inner), configure: o =>
        {
            o.Cost = static _ => 2;
            o.ActualCost = static response => long.Parse(response.Headers.GetValues("x-cost").Single(), CultureInfo.InvariantCulture);
        });

        await Client(host).GetAsync("/", Token);
        await host.Services.GetRequiredService<LimitClient>().DisposeAsync();

        var report = counted!.All.ShouldHaveSingleItem();
        (report.Succeeded, report.Remaining, report.ResetIn, report.PerSecond, report.ExtraCost).ShouldBe((1, -3, TimeSpan.FromMilliseconds(1500), 2.5, 5));
    }

    [Fact]
    public async Task A_number_at_once_is_held_for_as_long_as_a_request_is_under_way()
    {
        var (now, most) = (0, 0);
        var gate = new Lock();
        await using var upstream = await CountingUpstream.StartAsync(async (_, context) =>
        {
            lock (gate)
            {
                most = Math.Max(most, ++now);
            }
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, context.RequestAborted);
            lock (gate)
            {
                now--;
            }
        });
        using var host = Build(upstream, Limit.Concurrent(3));
        await host.StartAsync(Token);
        var http = Client(host);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => http.GetAsync("/", Token)));

        most.ShouldBeInRange(2, 3);
        await host.StopAsync(Token);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_group_has_its_own_limit_where_the_limit_says_so()
    {
        await using var upstream = await CountingUpstream.StartAsync();
        using var host = Build(upstream, new Limit { Rate = new(1, TimeSpan.FromMinutes(1)), PerGroup = true }, configure: static o => o.Group = static request => request.RequestUri!.AbsolutePath);
        var http = Client(host);

        (await http.GetAsync("/a", Token)).Dispose();
        (await http.GetAsync("/b", Token)).Dispose();
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(300), TimeProvider.System);
        await Should.ThrowAsync<OperationCanceledException>(() => http.GetAsync("/a", soon.Token));

        upstream.Arrivals.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_refusal_is_the_handlers_own_affair_where_it_says_so()
    {
        await using var upstream = await CountingUpstream.StartAsync(static (_, context) =>
        {
            context.Response.StatusCode = 429;
            return Task.CompletedTask;
        });
        using var host = Build(upstream, 100.PerSecond(), retries: 0, configure: static o => o.DeferWhenThrottled = false);
        await host.StartAsync(Token);
        var jobs = host.Services.GetRequiredService<JobClient>();

        var job = await jobs.EnqueueAsync(new Fetch(), cancellationToken: Token);
        var ended = await jobs.WaitAsync(job.Id, Token);

        (ended.Status, upstream.Arrivals.Count).ShouldBe((JobStatus.Failed, 1));
        ended.Error!.ShouldContain("429");
        (await jobs.Store.ListLimitsAsync(Token)).Single().Throttles.ShouldBe(1);
        await host.StopAsync(Token);
    }

    private static HttpClient Client(IHost host)
    {
        var http = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        http.Timeout = Patience;
        return http;
    }

    private static IHost Build(CountingUpstream upstream, Limit limit, int retries = 3, Func<IJobStore, IJobStore>? store = null, Action<HttpLimitOptions>? configure = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        var address = upstream.Address;
        builder.Services.AddHttpClient("api", http => http.BaseAddress = address).AddFairleadLimit("api", configure);
        builder.Services.AddFairlead(f => f
            .UseStore((_, time) => store is null ? new InMemoryJobStore(time) : store(new InMemoryJobStore(time)))
            .AddLimit("api", limit)
            .AddQueue("default", q => q.Retries = retries)
            .AddJob("fetch", async (Fetch _, IHttpClientFactory clients, CancellationToken token) =>
            {
                using var response = await clients.CreateClient("api").GetAsync("/", token);
                response.EnsureSuccessStatusCode();
            })
            .RunWorkers());
        return builder.Build();
    }

    public sealed record Fetch;

    /// <summary>Keeps what was reported.</summary>
    private sealed class Reports(IJobStore inner) : DelegatingJobStore(inner)
    {
        public List<LimitReport> All { get; } = [];

        public override ValueTask ReportAsync(IReadOnlyList<LimitReport> reports, CancellationToken cancellationToken = default)
        {
            All.AddRange(reports);
            return base.ReportAsync(reports, cancellationToken);
        }
    }
}
