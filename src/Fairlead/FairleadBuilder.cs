using System.Text.Json;
using System.Threading.RateLimiting;
using Fairlead.Engine;
using Fairlead.Limits;
using Fairlead.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Fairlead;

/// <summary>Puts a Fairlead instance together: its store, queues, jobs and whether it runs them. Order does not matter.</summary>
public sealed class FairleadBuilder
{
    internal FairleadBuilder(IServiceCollection services) => Services = services;

    /// <summary>The services of the application.</summary>
    public IServiceCollection Services { get; }

    /// <summary>How payloads and results are written: <see cref="JsonSerializerOptions.Web" /> by default. Add source-generated contexts here.</summary>
    public JsonSerializerOptions Json { get; set; } = new(JsonSerializerOptions.Web);

    internal Func<IServiceProvider, TimeProvider, IJobStore>? StoreFactory { get; private set; }

    internal bool RunsWorkers { get; private set; }

    internal List<Type> Middleware { get; } = [];

    internal List<JobEntry> Jobs { get; } = [];

    /// <summary>Keeps jobs in this process's memory: for tests, and for work that may be lost with the process.</summary>
    public FairleadBuilder UseInMemory() => UseStore((_, time) => new InMemoryJobStore(time));

    /// <summary>Keeps jobs in a store made by <paramref name="factory" />; the last call wins.</summary>
    public FairleadBuilder UseStore(Func<IServiceProvider, TimeProvider, IJobStore> factory)
    {
        StoreFactory = factory;
        return this;
    }

    /// <summary>Sets up a queue. Configuration in <c>Fairlead:Queues:name</c> stands above what is set here.</summary>
    public FairleadBuilder AddQueue(string name, Action<QueueOptions>? configure = null)
    {
        Services.Configure<FairleadOptions>(options =>
        {
            if (!options.Queues.TryGetValue(name, out var queue))
            {
                options.Queues.Add(name, queue = new QueueOptions());
            }
            configure?.Invoke(queue);
        });
        return this;
    }

    /// <summary>
    /// Declares a limit that the whole cluster shares: for queues (<see cref="QueueOptions.Limits" />), for handlers
    /// (<see cref="JobContext.AcquireAsync(string, long, CancellationToken)" />), and as a <see cref="RateLimiter" /> registered under its name.
    /// Configuration in <c>Fairlead:Limits:name</c> stands above what is set here.
    /// </summary>
    /// <param name="name">1 to 200 characters, no slash.</param>
    /// <param name="limit">A rate (<c>5.PerSecond()</c>), a number at once (<c>Limit.Concurrent(10)</c>), or anything else a <see cref="Limit" /> says.</param>
    public FairleadBuilder AddLimit(string name, Limit limit)
    {
        // A copy: configuration is written into it.
        Services.Configure<FairleadOptions>(options => options.Limits[name] = limit with { });
        Services.TryAddKeyedSingleton<RateLimiter>(name, (provider, _) => provider.GetRequiredService<LimitClient>().For(name));
        return this;
    }

    /// <summary>Registers a job run by a handler class that leaves no result.</summary>
    /// <typeparam name="TJob">The payload.</typeparam>
    /// <typeparam name="THandler">The handler; implements <see cref="IJobHandler{TJob}" />.</typeparam>
    /// <param name="name">The wire name: stable, never a CLR type name.</param>
    /// <param name="queue">The queue its jobs go to.</param>
    /// <param name="version">The version of the payload's shape; 1 or more.</param>
    /// <param name="configure">Older versions, if there are any.</param>
    public FairleadBuilder AddJob<TJob, THandler>(string name, string queue = "default", int version = 1, Action<JobVersions<TJob>>? configure = null)
        where TJob : notnull
        where THandler : class, IJobHandler<TJob>
    {
        Services.TryAddTransient<THandler>();
        return Add<TJob>(name, queue, version, configure, async (payload, context, _, cancellationToken) =>
        {
            await context.Services.GetRequiredService<THandler>().HandleAsync((TJob)payload, context, cancellationToken);
            return default;
        });
    }

    /// <summary>Registers a job run by a handler class whose result is kept.</summary>
    /// <typeparam name="TJob">The payload.</typeparam>
    /// <typeparam name="TResult">The result.</typeparam>
    /// <typeparam name="THandler">The handler; implements <see cref="IJobHandler{TJob, TResult}" />.</typeparam>
    /// <inheritdoc cref="AddJob{TJob, THandler}" />
    public FairleadBuilder AddJob<TJob, TResult, THandler>(string name, string queue = "default", int version = 1, Action<JobVersions<TJob>>? configure = null)
        where TJob : notnull
        where THandler : class, IJobHandler<TJob, TResult>
    {
        Services.TryAddTransient<THandler>();
        return Add<TJob>(name, queue, version, configure, async (payload, context, json, cancellationToken) =>
        {
            var result = await context.Services.GetRequiredService<THandler>().HandleAsync((TJob)payload, context, cancellationToken);
            return JsonSerializer.SerializeToUtf8Bytes(result, json);
        });
    }

    /// <summary>
    /// Registers a job run by a delegate: its first parameter is the payload; <see cref="JobContext" />, <see cref="CancellationToken" />
    /// and services may follow in any order. What it returns is kept as the result.
    /// </summary>
    /// <exception cref="ArgumentException">The delegate has no parameter for the payload.</exception>
    /// <inheritdoc cref="AddJob{TJob, THandler}" />
    public FairleadBuilder AddJob(string name, Delegate handler, string queue = "default", int version = 1)
    {
        var (payload, invoker) = DelegateHandler.Bind(name, handler);
        Jobs.Add(Check(new JobEntry(new JobKind(name, version), queue, payload, invoker)));
        return this;
    }

    /// <summary>Stands around every attempt of this process, outermost first in the order of registration.</summary>
    public FairleadBuilder AddMiddleware<TMiddleware>()
        where TMiddleware : class, IJobMiddleware
    {
        Services.TryAddScoped<TMiddleware>();
        Middleware.Add(typeof(TMiddleware));
        return this;
    }

    /// <summary>Runs jobs in this process. Without it this is a producer: no loops are started.</summary>
    public FairleadBuilder RunWorkers(Action<FairleadOptions>? configure = null)
    {
        RunsWorkers = true;
        if (configure is not null)
        {
            Services.Configure(configure);
        }
        return this;
    }

    private FairleadBuilder Add<TJob>(string name, string queue, int version, Action<JobVersions<TJob>>? configure, JobInvoker run)
        where TJob : notnull
    {
        var versions = new JobVersions<TJob>(version);
        configure?.Invoke(versions);
        Jobs.Add(Check(new JobEntry(new JobKind(name, version), queue, typeof(TJob), run) { Upcasts = versions.Upcasts }));
        return this;
    }

    private static JobEntry Check(JobEntry entry)
    {
        NewJobRules.CheckName(entry.Kind.Name, "A job's name");
        NewJobRules.CheckName(entry.Queue, "A queue's name");
        return entry.Kind.Version >= 1 ? entry : throw new ArgumentException($"A job's version expects 1 or more; got {entry.Kind.Version}.");
    }
}
