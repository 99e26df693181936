using System.Security.Cryptography;
using Fairlead.Engine;
using Fairlead.Limits;
using Fairlead.Processes;
using Fairlead.Processes.OwnProcess;
using Fairlead.Processes.Pools;
using Fairlead.Schedules;
using Fairlead.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Fairlead;

/// <summary>Adds Fairlead to an application.</summary>
public static class FairleadServiceCollectionExtensions
{
    /// <summary>
    /// Adds Fairlead: a <see cref="JobClient" /> for producers and, with <see cref="FairleadBuilder.RunWorkers" />, a node that runs jobs for as
    /// long as the host does. Options are read from the configuration section <c>Fairlead</c> too, and checked when the host starts.
    /// </summary>
    /// <exception cref="InvalidOperationException">No store was chosen.</exception>
    public static IServiceCollection AddFairlead(this IServiceCollection services, Action<FairleadBuilder> configure)
    {
        if (ChildProcess.Current is not null)
        {
            ChildLogging.Configure(services);
        }
        var builder = new FairleadBuilder(services);
        configure(builder);
        var store = builder.StoreFactory ?? throw new InvalidOperationException("AddFairlead expects a store: call UseSqlite(\"Data Source=app.db\"), UseInMemory() or another Use… in it.");
        services.AddOptions<FairleadOptions>()
            .Configure<IServiceProvider>(static (options, provider) => provider.GetService<IConfiguration>()?.GetSection("Fairlead").Bind(options))
            .ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<FairleadOptions>, FairleadOptionsRules>());
        services.TryAddSingleton(TimeProvider.System);
        services.AddLogging();
        services.AddSingleton(provider => MakeStore(store, provider));
        services.AddSingleton(provider => Registry(builder, provider.GetRequiredService<IOptions<FairleadOptions>>().Value));
        services.AddSingleton(provider => new JobClient(
            provider.GetRequiredService<IJobStore>(), provider.GetRequiredService<JobRegistry>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new NodeStanding(provider.GetRequiredService<TimeProvider>()) { RunsWorkers = builder.RunsWorkers });
        services.AddSingleton(provider => MakeLimits(provider.GetRequiredService<IOptions<FairleadOptions>>().Value, provider));
        if (builder.RunsWorkers)
        {
            services.TryAddEnumerable(ServiceDescriptor.Singleton<ILoggerProvider, JobLoggerProvider>());
            services.AddSingleton(provider => MakeHost(builder, provider));
            services.AddSingleton(provider => MakeChild(builder, provider));
            services.AddHostedService(provider => provider.GetRequiredService<FairleadHost>());
        }
        return services;
    }

    private static JobRegistry Registry(FairleadBuilder builder, FairleadOptions options) => new(
        builder.Jobs,
        stepTo => options.Queues.ToDictionary(
            queue => queue.Key,
            queue => queue.Value.ToDefinition(queue.Key, queue.Value.Then is { } then ? stepTo(then) : null),
            StringComparer.Ordinal),
        builder.Json);

    private static LimitClient MakeLimits(FairleadOptions options, IServiceProvider provider) => new(
        provider.GetRequiredService<IJobStore>(), provider.GetRequiredService<NodeStanding>(), Declared(options), options.LeaseAhead);

    private static NamedLimit[] Declared(FairleadOptions options) =>
        [.. options.Limits.OrderBy(static limit => limit.Key, StringComparer.Ordinal).Select(static limit => new NamedLimit(limit.Key, limit.Value))];

    private static IJobStore MakeStore(Func<IServiceProvider, TimeProvider, IJobStore> make, IServiceProvider provider)
    {
        var store = make(provider, provider.GetRequiredService<TimeProvider>());
        return ChildProcess.Current is not null && store is InMemoryJobStore ? StoreOutOfReach.Like(store) : store;
    }

    private static ChildHost MakeChild(FairleadBuilder builder, IServiceProvider provider) => new(
        provider.GetRequiredService<JobRegistry>(),
        HandlersHere(builder, provider),
        provider.GetRequiredService<NodeStanding>(),
        provider.GetRequiredService<IOptions<FairleadOptions>>().Value,
        provider.GetService<IHostApplicationLifetime>());

    private static InProcessWorker HandlersHere(FairleadBuilder builder, IServiceProvider provider) => new(
        provider.GetRequiredService<JobRegistry>(), provider.GetRequiredService<IServiceScopeFactory>(), builder.Middleware);

    private static FairleadHost MakeHost(FairleadBuilder builder, IServiceProvider provider)
    {
        var options = provider.GetRequiredService<IOptions<FairleadOptions>>().Value;
        var registry = provider.GetRequiredService<JobRegistry>();
        var schedulers = provider.GetService<EngineSchedulers>();
        // In virtual time there are no processes: all handlers run here.
        var processes = MakeProcesses(schedulers is null && ChildProcess.Current is null ? options : new FairleadOptions(), provider);
        var settings = new NodeSettings
        {
            Name = options.NodeName ?? $"{Environment.MachineName}:{Environment.ProcessId}",
            Slots = options.Concurrency,
            Queues = registry.Served(),
            Limits = Declared(options),
            Standing = provider.GetRequiredService<NodeStanding>(),
            Worker = HandlersHere(builder, provider),
            OwnWorkers = processes.Pools,
            Prefetch = options.Prefetch,
            Lease = options.Lease,
            Retention = new Retention(options.KeepCompleted, options.KeepFailed),
            Alerts = provider.GetService<IAlerts>(),
            Time = provider.GetRequiredService<TimeProvider>(),
            Loops = schedulers?.Loops,
            Work = schedulers?.Work ?? TaskScheduler.Default,
            Random = provider.GetService<Random>() ?? new Random(RandomNumberGenerator.GetInt32(int.MaxValue)),
        };
        // A process that only runs one queue's handlers starts no rounds.
        var (store, loggers) = (provider.GetRequiredService<IJobStore>(), provider.GetRequiredService<ILoggerFactory>());
        settings = ChildProcess.Current is null ? CycleQueues.AddTo(settings, Scheduled(builder, options, provider), store, loggers.CreateLogger("Fairlead")) : settings;
        return new FairleadHost(new Node(store, settings, loggers), processes, provider);
    }

    private static ScheduledWork[] Scheduled(FairleadBuilder builder, FairleadOptions options, IServiceProvider provider) =>
        [.. builder.Schedules.Select(schedule => schedule.Make(options.Schedules[schedule.Name], provider))];

    private static OwnProcesses MakeProcesses(FairleadOptions options, IServiceProvider provider)
    {
        var (time, standing) = (provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<NodeStanding>());
        var registry = provider.GetRequiredService<JobRegistry>();
        // Dead before another node may start their work.
        var processes = new OwnProcesses(new WardenOptions { Lease = options.Lease * 0.75 }, time);
        var setup = new PoolSetup
        {
            Host = processes,
            Ids = new WorkerIds(time, () => standing.Node?.ToString() ?? "0"),
            Time = time,
            Logger = provider.GetRequiredService<ILoggerFactory>().CreateLogger("Fairlead"),
            Limits = provider.GetRequiredService<LimitClient>(),
            Keys = provider.GetRequiredService<IJobStore>(),
            QueueOf = registry.Queue,
        };
        foreach (var (queue, own) in options.Queues.Where(static queue => queue.Value.OwnProcess is not null))
        {
            processes.Add(setup, OwnProcessCommand.Pool(queue, own.OwnProcess!, standing), registry.Queue(queue));
        }
        return processes;
    }
}
