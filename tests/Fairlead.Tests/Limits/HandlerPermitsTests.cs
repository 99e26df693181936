using System.Threading.RateLimiting;
using Fairlead.Limits;
using Fairlead.Storage;
using Fairlead.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Tests.Limits;

/// <summary>Permits inside handlers, on the real engine in virtual time.</summary>
public sealed class HandlerPermitsTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_handler_that_cannot_have_a_permit_within_a_second_comes_back_at_no_cost_until_all_are_done()
    {
        var uses = new List<DateTimeOffset>();
        await using var harness = new FairleadHarness(f => f
            .AddLimit("api", 8.PerSecond())
            .AddQueue("default", q => q.Retries = 0)
            .AddJob("call", async (Call _, JobContext context, TimeProvider time, CancellationToken token) =>
            {
                using var lease = await context.AcquireAsync("api", cancellationToken: token);
                uses.Add(time.GetUtcNow());
            }));

        await harness.Jobs.EnqueueManyAsync(Enumerable.Range(0, 400).Select(i => new Call(i)));
        await harness.RunUntilIdleAsync();

        uses.Count.ShouldBe(400);
        MostIn(uses, Second).ShouldBeLessThanOrEqualTo(8);
        (uses[^1] - uses[0]).ShouldBeLessThan(TimeSpan.FromSeconds(400 / 8 / 0.97));
        var tally = (await harness.Store.ListQueuesAsync()).Single().Jobs;
        (tally.Completed, tally.Failed).ShouldBe((400, 0));
    }

    [Fact]
    public async Task Waiting_for_a_permit_does_not_count_to_the_timeout_and_working_does()
    {
        await using var harness = new FairleadHarness(f => f
            .AddLimit("api", 1.PerSecond())
            .AddQueue("default", q => { q.Retries = 0; q.Timeout = TimeSpan.FromSeconds(1); })
            .AddJob("call", async (Call job, JobContext context, TimeProvider time, CancellationToken token) =>
            {
                for (var i = 0; i < 4; i++)
                {
                    using var lease = await context.AcquireAsync("api", cancellationToken: token);
                }
                await Task.Delay(TimeSpan.FromMilliseconds(job.Number), time, token);
            }));

        var quick = await harness.Jobs.EnqueueAsync(new Call(900));
        await harness.RunUntilIdleAsync();
        var slow = await harness.Jobs.EnqueueAsync(new Call(1100));
        await harness.RunUntilIdleAsync();

        (await harness.Jobs.GetAsync(quick.Id))!.Status.ShouldBe(JobStatus.Completed);
        (await harness.Jobs.GetAsync(slow.Id))!.Error!.ShouldContain("Timed out after 1 s");
    }

    [Fact]
    public async Task Two_limits_of_8_per_second_shared_and_2_per_second_own_leave_the_shared_one_fully_used()
    {
        var (both, shared) = (new List<DateTimeOffset>(), new List<DateTimeOffset>());
        await using var harness = new FairleadHarness(f => f
            .AddLimit("shared", 8.PerSecond()).AddLimit("own", 2.PerSecond())
            .AddJob("both", async (Call _, JobContext context, TimeProvider time, CancellationToken token) =>
            {
                using var lease = await context.AcquireAsync(["shared", "own"], token);
                both.Add(time.GetUtcNow());
                shared.Add(time.GetUtcNow());
            }, queue: "both")
            .AddJob("one", async (Other _, JobContext context, TimeProvider time, CancellationToken token) =>
            {
                using var lease = await context.AcquireAsync("shared", cancellationToken: token);
                shared.Add(time.GetUtcNow());
            }, queue: "one"));
        await harness.Jobs.EnqueueManyAsync(Enumerable.Range(0, 2000).Select(i => new Call(i)));
        await harness.Jobs.EnqueueManyAsync(Enumerable.Range(0, 2000).Select(i => new Other(i)));

        await harness.RunForAsync(TimeSpan.FromSeconds(100));

        shared.Count.ShouldBeGreaterThanOrEqualTo((int)(800 * 0.95));
        MostIn(shared, Second).ShouldBeLessThanOrEqualTo(8);
        both.Count.ShouldBeGreaterThanOrEqualTo((int)(200 * 0.8), $"of 200, {shared.Count} shared");
    }

    [Fact]
    public async Task When_the_second_limit_is_not_to_be_had_the_first_goes_back()
    {
        await using var harness = new FairleadHarness(f => f
            .AddLimit("api", new Rate(1, TimeSpan.FromMinutes(1))).AddLimit("browser", Limit.Concurrent(1))
            .AddJob("call", async (Call _, JobContext context, CancellationToken token) =>
            {
                using var lease = await context.AcquireAsync(["api", "browser"], token);
            }));
        await harness.RunForAsync(Second);
        RateLimitLease? held = null;
        await Task.Yield();
        harness.Time.Run(async () => held = await harness.Services.GetRequiredService<LimitClient>().For("browser").AcquireAsync());

        await harness.Jobs.EnqueueAsync(new Call(1));
        await harness.RunForAsync(TimeSpan.FromSeconds(0.5));
        (await harness.Store.ListLimitsAsync()).Single(limit => limit.Name == "api").Granted.ShouldBe(1);
        await harness.RunForAsync(Second);
        var limits = await harness.Store.ListLimitsAsync();
        limits.Single(limit => limit.Name == "api").Granted.ShouldBe(0);
        harness.Time.Run(() => { held!.Dispose(); return Task.CompletedTask; });
        await harness.RunUntilIdleAsync();

        (await harness.Store.ListLimitsAsync()).Single(limit => limit.Name == "browser").InUse.ShouldBe(0);
    }

    [Fact]
    public async Task A_number_at_once_ends_with_the_attempt_that_forgot_it()
    {
        await using var harness = new FairleadHarness(f => f
            .AddLimit("browser", Limit.Concurrent(1))
            .AddJob("call", async (Call _, JobContext context, CancellationToken token) => { var forgotten = await context.AcquireAsync("browser", cancellationToken: token); forgotten.IsAcquired.ShouldBeTrue(); }));

        await harness.Jobs.EnqueueManyAsync(Enumerable.Range(0, 5).Select(i => new Call(i)));
        await harness.RunUntilIdleAsync();

        (await harness.Store.ListQueuesAsync()).Single().Jobs.Completed.ShouldBe(5);
    }

    [Fact]
    public async Task Each_group_has_its_own_where_the_limit_says_so_and_a_cost_may_come_from_the_payload()
    {
        var ends = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        await using var harness = new FairleadHarness(f => f
            .AddLimit("llm", new Limit { Rate = 10.PerSecond(), PerGroup = true })
            .AddJob("call", async (Call _, JobContext context, TimeProvider time, CancellationToken token) =>
            {
                (await context.AcquireAsync([new LimitUse("llm", 1, "/number")], token)).Dispose();
                (await context.AcquireAsync("llm", cancellationToken: token)).Dispose();
                ends[context.Job.Group!] = time.GetUtcNow();
            }));
        var began = harness.Time.Now;

        await harness.Jobs.EnqueueAsync(new Call(5), new JobOptions { Group = "a" });
        await harness.Jobs.EnqueueAsync(new Call(8), new JobOptions { Group = "b" });
        await harness.RunUntilIdleAsync();

        (ends["a"] - began).TotalSeconds.ShouldBe(0.5, 0.01);
        (ends["b"] - began).TotalSeconds.ShouldBe(0.8, 0.01);
    }

    [Fact]
    public async Task What_a_call_really_cost_is_charged_afterwards()
    {
        await using var harness = new FairleadHarness(f => f
            .AddLimit("llm", new Limit { Rate = 10.PerSecond(), Burst = 10, Debt = true })
            .AddJob("call", async (Call _, JobContext context, CancellationToken token) =>
            {
                (await context.AcquireAsync("llm", cancellationToken: token)).Dispose();
                await context.ChargeAsync("llm", 29, token);
            }));

        await harness.Jobs.EnqueueAsync(new Call(1));
        await harness.RunForAsync(TimeSpan.FromSeconds(0.5));

        (await harness.Store.ListLimitsAsync()).Single().Available.ShouldBeLessThan(-10);
    }

    [Fact]
    public async Task Nothing_is_lost_and_the_limit_is_kept_while_the_store_is_away_for_10_s()
    {
        FaultyJobStore? way = null;
        var uses = new List<DateTimeOffset>();
        await using var harness = new FairleadHarness(f => f
            .UseStore((_, time) => way = new FaultyJobStore(new InMemoryJobStore(time), time))
            .AddLimit("api", 8.PerSecond())
            .AddJob("call", async (Call _, JobContext context, TimeProvider time, CancellationToken token) =>
            {
                using var lease = await context.AcquireAsync("api", cancellationToken: token);
                uses.Add(time.GetUtcNow());
            }));
        await harness.Jobs.EnqueueManyAsync(Enumerable.Range(0, 500).Select(i => new Call(i)));
        await harness.RunForAsync(TimeSpan.FromSeconds(15));

        way!.Away = true;
        await harness.RunForAsync(TimeSpan.FromSeconds(10));
        way.Away = false;
        var back = harness.Time.Now;
        await harness.RunUntilIdleAsync();

        (await harness.Store.ListQueuesAsync()).Single().Jobs.Completed.ShouldBe(500);
        MostIn(uses, Second).ShouldBeLessThanOrEqualTo(8);
        uses.Count(at => at >= back + TimeSpan.FromSeconds(4) && at < back + TimeSpan.FromSeconds(14)).ShouldBeGreaterThanOrEqualTo(76);
    }

    internal static int MostIn(List<DateTimeOffset> uses, TimeSpan window)
    {
        var (most, first) = (0, 0);
        for (var i = 0; i < uses.Count; i++)
        {
            while (uses[i] - uses[first] >= window)
            {
                first++;
            }
            most = Math.Max(most, i - first + 1);
        }
        return most;
    }

    public sealed record Call(int Number);

    public sealed record Other(int Number);
}
