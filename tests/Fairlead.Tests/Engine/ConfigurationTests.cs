using System.Threading.RateLimiting;
using Fairlead.Limits;
using Fairlead.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Fairlead.Tests.Engine;

/// <summary>What an application says in code and configuration, on a real host.</summary>
public sealed class ConfigurationTests
{
    [Fact]
    public async Task Configuration_stands_above_code_and_reaches_the_store()
    {
        using var host = Build(new() { ["Fairlead:Queues:default:MaxConcurrent"] = "3", ["Fairlead:Concurrency"] = "7" });
        await host.StartAsync(TestContext.Current.CancellationToken);

        var store = host.Services.GetRequiredService<IJobStore>();
        (await store.ListQueuesAsync()).Single().Definition!.MaxConcurrent.ShouldBe(3);
        (await store.ListNodesAsync()).Single().Slots.ShouldBe(7);
        await host.StopAsync(TestContext.Current.CancellationToken);
        (await store.ListNodesAsync()).Single().LeftAt.ShouldNotBeNull();
    }

    [Fact]
    public async Task Every_broken_rule_is_said_when_the_host_starts()
    {
        using var host = Build(new()
        {
            ["Fairlead:Lease"] = "00:00:01",
            ["Fairlead:Queues:default:Retries"] = "-1",
            ["Fairlead:Queues:default:Timeout"] = "00:00:00",
        });

        var error = await Should.ThrowAsync<OptionsValidationException>(() => host.StartAsync(TestContext.Current.CancellationToken));

        error.Failures.Count().ShouldBe(3);
        error.Message.ShouldContain("Lease expects at least 3 s");
        error.Message.ShouldContain("Queue 'default': Retries expects zero or more; got -1.");
        error.Message.ShouldContain("Queue 'default': Timeout expects more than zero");
    }

    [Fact]
    public async Task Limits_and_what_queues_take_of_them_come_from_configuration_too()
    {
        using var host = Build(
            new()
            {
                ["Fairlead:Limits:api:Rate"] = "8/s", ["Fairlead:Limits:api:Margin"] = "0.02", ["Fairlead:Limits:api:Breaker:Failures"] = "7",
                ["Fairlead:Limits:ebay:Rate"] = "5000/day", ["Fairlead:Limits:ebay:Resets"] = "00:00 America/Los_Angeles",
                ["Fairlead:Limits:board:Rate"] = "100/m", ["Fairlead:Limits:board:Shape"] = "window", ["Fairlead:Limits:board:Headers:Remaining"] = "x-left",
                ["Fairlead:Limits:browser:Concurrent"] = "10",
                ["Fairlead:Queues:default:Limits:0"] = "ebay", ["Fairlead:Queues:default:Limits:1:Name"] = "api", ["Fairlead:Queues:default:Limits:1:Cost"] = "3",
                ["Fairlead:Queues:default:Group"] = "/account", ["Fairlead:Queues:default:GroupConcurrency"] = "2",
                ["Fairlead:Queues:default:Weights:big"] = "2.5", ["Fairlead:Queues:default:Breaker:OpenFor"] = "00:01:00",
            },
            f => f.AddLimit("api", 5.PerSecond()).AddQueue("default", q => q.Limits.Add("api")));
        await host.StartAsync(TestContext.Current.CancellationToken);

        var store = host.Services.GetRequiredService<IJobStore>();
        var limits = (await store.ListLimitsAsync()).ToDictionary(limit => limit.Name, limit => limit.Declared, StringComparer.Ordinal);
        limits["api"].ShouldBe(new Limit { Rate = 8.PerSecond(), Margin = 0.02, Breaker = new BreakerPolicy { Failures = 7 } });
        limits["ebay"].ShouldBe(new Limit { Rate = 5000.PerDay(), Resets = new DailyReset(default, "America/Los_Angeles") });
        limits["board"].ShouldBe(new Limit { Rate = 100.PerMinute(), Shape = LimitShape.Window, Headers = new LimitHeaders { Remaining = "x-left" } });
        limits["browser"].ShouldBe(Limit.Concurrent(10));
        var queue = (await store.ListQueuesAsync()).Single().Definition!;
        queue.Limits.ShouldBe([new LimitUse("ebay"), new LimitUse("api", 3)]);
        (queue.Group, queue.GroupConcurrency, queue.WeightOf("big"), queue.Breaker!.OpenFor).ShouldBe(("/account", 2, 2.5, TimeSpan.FromMinutes(1)));
        host.Services.GetRequiredKeyedService<RateLimiter>("api").ShouldBeSameAs(host.Services.GetRequiredService<LimitClient>().For("api"));
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_producer_declares_its_limits_when_it_first_uses_one()
    {
        var services = new ServiceCollection().AddFairlead(f => f.UseInMemory().AddLimit("api", 5.PerSecond()));
        await using var provider = services.BuildServiceProvider();

        using var lease = await provider.GetRequiredService<LimitClient>().For("api").AcquireAsync(1, TestContext.Current.CancellationToken);

        lease.IsAcquired.ShouldBeTrue();
        (await provider.GetRequiredService<IJobStore>().ListLimitsAsync()).Single().Declared.ShouldBe(Limit.FromRate(5.PerSecond()));
    }

    [Fact]
    public async Task Broken_rules_of_limits_groups_and_breakers_are_said_when_the_host_starts()
    {
        using var host = Build(new()
        {
            ["Fairlead:LeaseAhead"] = "-1",
            ["Fairlead:Limits:both:Rate"] = "5/s", ["Fairlead:Limits:both:Concurrent"] = "3",
            ["Fairlead:Queues:default:Group"] = "account",
            ["Fairlead:Queues:default:GroupConcurrency"] = "0",
            ["Fairlead:Queues:default:Weights:big"] = "0",
            ["Fairlead:Queues:default:Breaker:Failures"] = "0",
            ["Fairlead:Queues:default:Limits:0:Name"] = "api", ["Fairlead:Queues:default:Limits:0:CostPointer"] = "tokens",
        });

        var error = await Should.ThrowAsync<OptionsValidationException>(() => host.StartAsync(TestContext.Current.CancellationToken));

        error.Failures.Count().ShouldBe(7);
        error.Message.ShouldContain("Limit 'both' expects either a rate");
        error.Message.ShouldContain("Queue 'default': Group expects a JSON pointer");
    }

    [Fact]
    public void A_store_has_to_be_chosen() =>
        Should.Throw<InvalidOperationException>(() => new ServiceCollection().AddFairlead(_ => { })).Message.ShouldContain("UseSqlite");

    [Fact]
    public async Task A_payload_nobody_registered_is_named_with_the_way_out()
    {
        using var host = Build([]);
        var jobs = host.Services.GetRequiredService<JobClient>();

        (await Should.ThrowAsync<InvalidOperationException>(async () => await jobs.EnqueueAsync("text"))).Message.ShouldContain("AddJob");
        (await Should.ThrowAsync<ArgumentException>(async () => await jobs.EnqueueAsync(new Work(new string('x', 2 << 20))))).Message.ShouldContain("max_payload");
    }

    public sealed record Work(string Text);

    private static IHost Build(Dictionary<string, string?> settings, Action<FairleadBuilder>? more = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Services.AddFairlead(f =>
        {
            f.UseInMemory().AddQueue("default", q => q.MaxConcurrent = 9).AddJob("work", (Work _) => { }).RunWorkers();
            more?.Invoke(f);
        });
        return builder.Build();
    }
}
