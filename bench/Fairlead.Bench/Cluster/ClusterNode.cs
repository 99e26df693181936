using System.Globalization;
using Fairlead.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Bench.Cluster;

/// <summary>
/// The role of one process: a whole node that enqueues its share, one job after the other, and runs whatever is there. It says on its output, a line
/// each, what was acknowledged, what begins and what ends, by the machine's clock that all processes share.
/// </summary>
internal sealed class ClusterNode(string store, Uri upstream, int first, int count)
{
    public const string Role = "cluster-node";
    private static readonly TimeSpan BetweenJobs = TimeSpan.FromMilliseconds(1000.0 * ClusterTerms.Nodes / ClusterTerms.PerSecond * 0.8);
    private readonly HttpClient _http = new() { BaseAddress = upstream };

    /// <summary>The words with which such a process is started.</summary>
    public static string[] Words(string store, Uri upstream, int first, int count) =>
        [Role, store, upstream.ToString(), first.ToString(CultureInfo.InvariantCulture), count.ToString(CultureInfo.InvariantCulture)];

    /// <summary>Plays the role that such words stand for.</summary>
    public static async Task<int> PlayAsync(string[] words)
    {
        await new ClusterNode(words[1], new Uri(words[2]), int.Parse(words[3], CultureInfo.InvariantCulture), int.Parse(words[4], CultureInfo.InvariantCulture)).RunAsync();
        return 0;
    }

    private async Task RunAsync()
    {
        using var host = await StartAsync();
        Say("joined");
        await EnqueueAsync(host.Services.GetRequiredService<IJobStore>());
        await Console.In.ReadToEndAsync();
        await host.StopAsync();
    }

    /// <summary>A node that finds its store away when it starts says so and ends; whoever keeps services running starts it again.</summary>
    private async Task<IHost> StartAsync()
    {
        while (true)
        {
            var host = Build();
            try
            {
                await host.StartAsync();
                return host;
            }
            catch (StoreUnavailableException)
            {
                host.Dispose();
                await Task.Delay(TimeSpan.FromMilliseconds(500));
            }
        }
    }

    private IHost Build()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.Configure<HostOptions>(static options => options.ShutdownTimeout = TimeSpan.FromSeconds(20));
        builder.Logging.AddProvider(new Complainer());
        builder.Services.AddFairlead(f => f
            .UsePostgreSql(store)
            .AddLimit(ClusterTerms.Api, ClusterTerms.PerSecond.PerSecond())
            .AddLimit(ClusterTerms.Seats, Limit.Concurrent(ClusterTerms.SeatsAtOnce))
            .AddQueue(ClusterTerms.Calls, static q => Configure(q).Limits.Add(ClusterTerms.Api))
            .AddQueue(ClusterTerms.Grouped, static q => (Configure(q).GroupConcurrency, q.MaxConcurrent) = (ClusterTerms.GroupConcurrency, ClusterTerms.MaxConcurrent))
            .AddQueue(ClusterTerms.Unique, static q => Configure(q).Limits.Add(ClusterTerms.Seats))
            .AddJob(ClusterTerms.Calls, (Numbered job, JobContext context, CancellationToken token) => SayingAsync(context, job, () => CallAsync(job, context, token)), ClusterTerms.Calls)
            .AddJob(ClusterTerms.Grouped, (Shared job, JobContext context, CancellationToken token) => SayingAsync(context, job.Number, () => Task.Delay(ClusterTerms.ShortTakes(job.N), token)), ClusterTerms.Grouped)
            .AddJob(ClusterTerms.Unique, (Keyed job, JobContext context, CancellationToken token) => SayingAsync(context, job.Number, () => Task.Delay(ClusterTerms.ShortTakes(job.N), token)), ClusterTerms.Unique)
            .AddJob(ClusterTerms.Report, (Reported job, JobContext context) => SayingAsync(context, job.Number, static () => Task.CompletedTask), ClusterTerms.Report)
            .RunWorkers(static options => options.Concurrency = ClusterTerms.SlotsOfNode));
        return builder.Build();
    }

    /// <summary>A node's death costs no attempt: without retries, one that did would fail a job.</summary>
    private static QueueOptions Configure(QueueOptions queue)
    {
        queue.Retries = 0;
        return queue;
    }

    private async Task CallAsync(Numbered job, JobContext context, CancellationToken token)
    {
        using var answer = await _http.GetAsync(new Uri($"call?job={context.Id}&fence={context.Fence}", UriKind.Relative), token);
        answer.EnsureSuccessStatusCode();
        await Task.Delay(ClusterTerms.CallTakes(job.N), token);
    }

    private static async Task SayingAsync(JobContext context, Numbered job, Func<Task> work)
    {
        Say($"S {context.Id} {context.Fence} {context.Job.Queue} {job.N}{(context.Job.Solo ? " solo" : "")}");
        try
        {
            await work();
        }
        finally
        {
            Say($"E {context.Id} {context.Fence}");
        }
    }

    private async Task EnqueueAsync(IJobStore store)
    {
        for (var n = first; n < first + count; n++)
        {
            var began = TimeProvider.System.GetTimestamp();
            foreach (var queue in ClusterTerms.QueuesOf(n))
            {
                var added = await EnqueueAsync(store, ClusterTerms.Job(queue, n));
                Say($"{(added.Existing ? "D" : "A")} {added.Id} {n}");
            }
            Say($"N {n}");
            var left = BetweenJobs - TimeProvider.System.GetElapsedTime(began);
            await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }
    }

    /// <summary>A store that is away comes back: what was not acknowledged is asked again.</summary>
    private static async Task<EnqueuedJob> EnqueueAsync(IJobStore store, NewJob job)
    {
        while (true)
        {
            try
            {
                return (await store.EnqueueAsync([job]))[0];
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200));
            }
        }
    }

    private static void Say(string what)
    {
        lock (Console.Out)
        {
            Console.WriteLine($"{what} @{TimeProvider.System.GetTimestamp()}");
        }
    }

    internal sealed record Shared(int N)
    {
        public Numbered Number => new(N);
    }

    internal sealed record Keyed(int N)
    {
        public Numbered Number => new(N);
    }

    internal sealed record Reported(int N)
    {
        public Numbered Number => new(N);
    }

    /// <summary>Says aloud what the node complains of.</summary>
    private sealed class Complainer : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Say($"W {eventId.Name} {formatter(state, exception)} {exception?.Message}".ReplaceLineEndings(" "));
            }
        }

        public void Dispose()
        {
        }
    }
}
