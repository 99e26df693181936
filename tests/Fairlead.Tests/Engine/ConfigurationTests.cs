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

    private static IHost Build(Dictionary<string, string?> settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Services.AddFairlead(f => f.UseInMemory().AddQueue("default", q => q.MaxConcurrent = 9).AddJob("work", (Work _) => { }).RunWorkers());
        return builder.Build();
    }
}
