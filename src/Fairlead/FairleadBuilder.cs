using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.RateLimiting;
using Fairlead.Engine;
using Fairlead.Limits;
using Fairlead.Policies;
using Fairlead.Schedules;
using Fairlead.Schedules.Targets;
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

    internal List<ScheduleEntry> Schedules { get; } = [];

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

    /// <summary>
    /// Runs a job by time, once in the whole cluster. Nodes that run workers declare it and start its rounds. Configuration in
    /// <c>Fairlead:Schedules:name</c> stands above what is set here; what operators pause stays paused.
    /// </summary>
    /// <param name="name">1 to 180 characters.</param>
    /// <param name="when">When its rounds are due: <c>Schedule.Every</c>, <c>Schedule.After</c>, <c>Schedule.Cron</c>.</param>
    /// <param name="job">The payload of each round, of a type that is registered with <c>AddJob</c>.</param>
    /// <param name="configure">What happens when rounds overlap or were missed, and what the job says for itself.</param>
    /// <exception cref="ArgumentException">A schedule of that name was added before.</exception>
    public FairleadBuilder AddSchedule(string name, Recurrence when, object job, Action<ScheduleOptions>? configure = null) =>
        Add(ScheduleEntry.OfJob(name, job), when, configure);

    /// <summary>
    /// Runs several jobs by time, as one round that ends when all of them have: at the same time, or one after the other
    /// (<see cref="ScheduleOptions.Sequential" />). A job that fails changes no other.
    /// </summary>
    /// <param name="name">1 to 180 characters.</param>
    /// <param name="when">When its rounds are due.</param>
    /// <param name="jobs">The payloads (or <see cref="CycleJob" />s) of each round, in order.</param>
    /// <param name="configure">What happens when rounds overlap or were missed.</param>
    /// <exception cref="ArgumentException">A schedule of that name was added before.</exception>
    public FairleadBuilder AddCycle(string name, Recurrence when, IReadOnlyList<object> jobs, Action<ScheduleOptions>? configure = null) =>
        Add(ScheduleEntry.OfJobs(name, jobs), when, configure);

    /// <summary>
    /// Runs jobs for each of many targets (accounts, say) by time: a round lists the targets, and each of them gets its jobs, all at once, at most
    /// <see cref="ScheduleOptions.MaxGroups" /> targets at a time. A target whose jobs of an earlier round have not ended is left out (or as
    /// <see cref="ScheduleOptions.Overlap" /> says); others do not wait for it, and a target or job that fails changes no other.
    /// </summary>
    /// <typeparam name="TTarget">A target; it is kept as JSON between the listing and its turn.</typeparam>
    /// <param name="name">1 to 180 characters.</param>
    /// <param name="when">When its rounds are due.</param>
    /// <param name="targets">Lists them anew for each round, with services of a scope of its own.</param>
    /// <param name="key">What tells a target from others: 1 to 200 characters. It is the group of its jobs that name none.</param>
    /// <param name="jobs">The payloads (or <see cref="CycleJob" />s) of a target, of types that are registered with <c>AddJob</c>.</param>
    /// <param name="configure">How many at once, in which order, what happens when rounds overlap.</param>
    /// <exception cref="ArgumentException">A schedule of that name was added before.</exception>
    public FairleadBuilder AddCycle<TTarget>(string name, Recurrence when, Func<IServiceProvider, CancellationToken, IAsyncEnumerable<TTarget>> targets, Func<TTarget, string> key, Func<TTarget, IEnumerable<object>> jobs, Action<ScheduleOptions>? configure = null)
        where TTarget : notnull => Add(ScheduleEntry.OfTargets(name, new TargetsInCode<TTarget>(targets, key), jobs), when, configure);

    /// <inheritdoc cref="AddCycle{TTarget}(string, Recurrence, Func{IServiceProvider, CancellationToken, IAsyncEnumerable{TTarget}}, Func{TTarget, string}, Func{TTarget, IEnumerable{object}}, Action{ScheduleOptions})" />
    public FairleadBuilder AddCycle<TTarget>(string name, Recurrence when, Func<IServiceProvider, CancellationToken, Task<IReadOnlyList<TTarget>>> targets, Func<TTarget, string> key, Func<TTarget, IEnumerable<object>> jobs, Action<ScheduleOptions>? configure = null)
        where TTarget : notnull
    {
        return AddCycle(name, when, ListAsync, key, jobs, configure);

        async IAsyncEnumerable<TTarget> ListAsync(IServiceProvider services, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            foreach (var target in await targets(services, cancellationToken))
            {
                yield return target;
            }
        }
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

    private FairleadBuilder Add(ScheduleEntry entry, Recurrence when, Action<ScheduleOptions>? configure)
    {
        if (Schedules.Any(schedule => schedule.Name == entry.Name))
        {
            throw new ArgumentException($"A schedule '{entry.Name}' was added before; each has a name of its own.");
        }
        Schedules.Add(entry);
        Services.Configure<FairleadOptions>(options =>
        {
            var schedule = options.Schedules[entry.Name] = new ScheduleOptions { When = when };
            configure?.Invoke(schedule);
        });
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
