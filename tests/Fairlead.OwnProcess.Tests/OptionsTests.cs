using Fairlead.Engine;
using Fairlead.Processes.OwnProcess;
using Fairlead.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Fairlead.OwnProcess.Tests;

/// <summary>How a queue asks for processes of its own.</summary>
public sealed class OptionsTests
{
    [Fact]
    public void Configuration_stands_above_code()
    {
        var options = Options(f => f.AddQueue("own", q => q.RunInOwnProcess(p => (p.MaxPerNode, p.MaxJobs) = (2, 100))), new()
        {
            ["Fairlead:Queues:own:OwnProcess:MaxPerNode"] = "3",
            ["Fairlead:Queues:own:OwnProcess:MaxMemory"] = "536870912",
            ["Fairlead:Queues:own:OwnProcess:IdleTimeout"] = "00:00:10",
            ["Fairlead:Queues:own:OwnProcess:Environment:MODE"] = "careful",
            ["Fairlead:Queues:other:OwnProcess:Spares"] = "1",
        });
        var own = options.Queues["own"].OwnProcess.ShouldNotBeNull();
        (own.MaxPerNode, own.MaxJobs, own.MaxMemory, own.IdleTimeout, own.Environment["MODE"]).ShouldBe((3, 100, 512L * 1024 * 1024, TimeSpan.FromSeconds(10), "careful"));
        options.Queues["other"].OwnProcess.ShouldNotBeNull().Spares.ShouldBe(1);
    }

    [Fact]
    public void Every_rule_that_is_broken_is_said()
    {
        var wrong = Should.Throw<OptionsValidationException>(() => Options(f => f.AddQueue("own", q => q.RunInOwnProcess(p =>
        {
            (p.MaxPerNode, p.MaxRuntime, p.MaxJobs, p.MaxMemory) = (0, TimeSpan.Zero, 0, 512);
            (p.IdleTimeout, p.Spares, p.Cooldown, p.Prefetch) = (TimeSpan.Zero, -1, TimeSpan.FromSeconds(-1), 1001);
            p.Environment["A=B"] = "";
        }))));
        string[] names = ["MaxPerNode", "MaxRuntime", "MaxJobs", "MaxMemory", "IdleTimeout", "Spares", "Cooldown", "Prefetch", "Environment"];
        wrong.Failures.Count().ShouldBe(names.Length);
        foreach (var (failure, name) in wrong.Failures.Zip(names))
        {
            failure.ShouldStartWith($"Queue 'own': OwnProcess.{name} ");
        }
    }

    [Fact]
    public void A_pool_of_the_running_program_has_what_was_asked_for()
    {
        var options = new ProcessOptions { MaxPerNode = 4, MaxRuntime = TimeSpan.FromHours(1), MaxJobs = 7, MaxMemory = 1 << 30, IdleTimeout = TimeSpan.FromSeconds(5), Spares = 2, Cooldown = TimeSpan.FromSeconds(3), Prefetch = 9 };
        options.Environment["MODE"] = "careful";
        var pool = OwnProcessCommand.Pool("own", options, new NodeStanding(TimeProvider.System));
        pool.Run.ShouldBe([Environment.ProcessPath!, .. Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(OptionsTests).Assembly.Location] : Array.Empty<string>(), .. Environment.GetCommandLineArgs().Skip(1)]);
        (pool.MaxPerNode, pool.MaxRuntime, pool.MaxJobs, pool.MaxMemory, pool.IdleTimeout, pool.Spares, pool.Cooldown, pool.Prefetch)
            .ShouldBe((4, TimeSpan.FromHours(1), 7, 1L << 30, TimeSpan.FromSeconds(5), 2, TimeSpan.FromSeconds(3), 9));
        pool.Environment["MODE"].ShouldBe("careful");
        pool.Environment["FAIRLEAD_OWN_PROCESS"].ShouldBe("own");
        pool.Environment["DOTNET_gcServer"].ShouldBe("0");
        pool.Environment["DOTNET_STARTUP_HOOKS"].ShouldStartWith(typeof(ProcessOptions).Assembly.Location);
    }

    [Fact]
    public async Task In_virtual_time_handlers_run_where_the_node_does()
    {
        await using var harness = new FairleadHarness(f => f.AddQueue("own", q => q.RunInOwnProcess()).AddJob("where", (Work _) => Environment.ProcessId, "own"));
        var job = await harness.Jobs.EnqueueAsync(new Work());
        await harness.RunUntilIdleAsync();
        (await harness.Jobs.GetResultAsync<int>(job.Id)).ShouldBe(Environment.ProcessId);
    }

    private sealed record Work;

    private static FairleadOptions Options(Action<FairleadBuilder> configure, Dictionary<string, string?>? settings = null)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        services.AddFairlead(f => configure(f.UseInMemory()));
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<FairleadOptions>>().Value;
    }
}
