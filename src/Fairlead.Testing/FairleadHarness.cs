using Fairlead.Engine;
using Fairlead.Simulation;
using Fairlead.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Fairlead.Testing;

/// <summary>
/// Your jobs on the real engine, in virtual time and in memory: a retry after an hour takes no time at all, and every run is the same.
/// Use it from one thread; handlers must take their delays from the <see cref="TimeProvider" /> they are given.
/// </summary>
public sealed class FairleadHarness : IAsyncDisposable
{
    private readonly ServiceProvider _provider;
    private readonly FairleadHost _host;
    private bool _started;

    /// <summary>Puts your jobs on an engine of their own.</summary>
    /// <param name="configure">As in <c>AddFairlead</c>; the store and <c>RunWorkers</c> are the harness's.</param>
    /// <param name="services">Further services of your handlers.</param>
    /// <param name="seed">Chance: equal seeds give equal runs.</param>
    /// <param name="start">When its time begins, for schedules; by default the first moment of 2026, UTC.</param>
    public FairleadHarness(Action<FairleadBuilder> configure, Action<IServiceCollection>? services = null, int seed = 1, DateTimeOffset? start = null)
    {
        Time = new VirtualTime(start);
        var collection = new ServiceCollection();
        collection.AddSingleton<TimeProvider>(Time);
        collection.AddSingleton(new Random(seed));
        collection.AddSingleton(new EngineSchedulers(Time.Scheduler, Time.Scheduler));
        services?.Invoke(collection);
        collection.AddFairlead(builder =>
        {
            builder.UseInMemory().RunWorkers();
            configure(builder);
        });
        _provider = collection.BuildServiceProvider();
        _host = _provider.GetRequiredService<FairleadHost>();
        Jobs = _provider.GetRequiredService<JobClient>();
    }

    /// <summary>The virtual time everything runs in.</summary>
    public VirtualTime Time { get; }

    /// <summary>Enqueues, looks, cancels.</summary>
    public JobClient Jobs { get; }

    /// <summary>The services of your handlers.</summary>
    public IServiceProvider Services => _provider;

    /// <summary>The store behind it.</summary>
    public IJobStore Store => Jobs.Store;

    /// <summary>
    /// Runs until nothing can run any more: no job is processing, queued in a queue that is not paused, or waiting for a time.
    /// </summary>
    /// <param name="limit">The longest virtual time it may take; default one day.</param>
    /// <exception cref="TimeoutException">Something was still running or waiting then; the message says what.</exception>
    public ValueTask RunUntilIdleAsync(TimeSpan? limit = null)
    {
        Start();
        var most = limit ?? TimeSpan.FromDays(1);
        if (!Time.RunUntil(IsIdle, most))
        {
            var left = string.Join("; ", Queues().Where(IsBusy).Select(queue => $"{queue.Name}: {queue.Jobs}"));
            throw new TimeoutException($"Not idle after {most} of virtual time. Still there: {left}.");
        }
        return ValueTask.CompletedTask;
    }

    /// <summary>Runs everything that happens within <paramref name="time" />.</summary>
    public ValueTask RunForAsync(TimeSpan time)
    {
        Start();
        Time.RunFor(time);
        return ValueTask.CompletedTask;
    }

    /// <summary>Stops the node in good order, letting what runs end for at most <paramref name="drain" />.</summary>
    public ValueTask StopAsync(TimeSpan drain)
    {
        Start();
        Time.Run(async () =>
        {
            using var limit = new CancellationTokenSource(drain, Time);
            await _host.StopAsync(limit.Token);
        });
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _provider.DisposeAsync();

    private static bool IsBusy(QueueInfo queue) =>
        queue.Jobs.Processing > 0 || queue.Jobs.Scheduled > 0 || (queue.Jobs.Queued > 0 && !queue.Paused);

    private void Start()
    {
        if (!_started)
        {
            _started = true;
            Time.Run(() => _host.StartAsync(CancellationToken.None));
        }
    }

    private bool IsIdle() => !Queues().Any(IsBusy);

    private IReadOnlyList<QueueInfo> Queues()
    {
        var queues = Store.ListQueuesAsync();
        return queues.IsCompletedSuccessfully ? queues.Result : throw new InvalidOperationException("The in-memory store answers at once.");
    }
}
