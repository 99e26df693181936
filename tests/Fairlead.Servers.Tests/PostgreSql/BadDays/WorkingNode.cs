using System.Collections.Concurrent;
using Fairlead.PostgreSql;
using Fairlead.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Servers.Tests.PostgreSql.BadDays;

/// <summary>A real host on a real store, whose jobs note that they ran.</summary>
internal sealed class WorkingNode : IAsyncDisposable
{
    private readonly ServiceProvider _provider;

    private WorkingNode(PostgreSqlStoreOptions options, string name, TimeProvider time, Func<JobContext, CancellationToken, Task> work)
    {
        var services = new ServiceCollection();
        services.AddSingleton(time);
        services.AddFairlead(f => f
            .UsePostgreSql(options)
            .AddJob("work", async (Note note, JobContext context, CancellationToken stop) =>
            {
                await work(context, stop);
                Ran.AddOrUpdate(context.Id, 1, static (_, times) => times + 1);
            })
            .RunWorkers(o => (o.NodeName, o.Concurrency, o.Prefetch) = (name, 8, 0)));
        _provider = services.BuildServiceProvider();
        (Host, Jobs) = (_provider.GetRequiredService<FairleadHost>(), _provider.GetRequiredService<JobClient>());
    }

    public FairleadHost Host { get; }

    public JobClient Jobs { get; }

    public IJobStore Store => Jobs.Store;

    /// <summary>Which jobs ran to their end here, and how often.</summary>
    public ConcurrentDictionary<JobId, int> Ran { get; } = [];

    public static async Task<WorkingNode> StartAsync(PostgreSqlStoreOptions options, string name = "node", TimeProvider? time = null, Func<JobContext, CancellationToken, Task>? work = null)
    {
        var node = new WorkingNode(options, name, time ?? TimeProvider.System, work ?? (static (_, _) => Task.CompletedTask));
        await node.Host.StartAsync(CancellationToken.None);
        return node;
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        await Host.StopAsync(patience.Token);
        await _provider.DisposeAsync();
    }

    /// <summary>What a job of these tests is told.</summary>
    public sealed record Note(int Number);
}
