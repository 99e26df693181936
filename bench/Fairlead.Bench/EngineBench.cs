using System.Diagnostics;
using Fairlead.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Fairlead.Sqlite;
using Microsoft.Extensions.Logging;

namespace Fairlead.Bench;

/// <summary>The whole engine on one SQLite file: what an application gets, handlers and service scopes included.</summary>
internal static class EngineBench
{
    /// <summary>No-op jobs from a backlog to the last committed end, in jobs per second.</summary>
    public static async Task<double> DrainAsync(string file, int jobs, int? maxConcurrent)
    {
        var drained = new Countdown(jobs);
        using (var producer = BuildHost(file, drained, maxConcurrent, runs: false))
        {
            await FillAsync(producer.Services.GetRequiredService<JobClient>(), jobs);
        }
        using var host = BuildHost(file, drained, maxConcurrent, runs: true);
        var store = host.Services.GetRequiredService<IJobStore>();
        var began = Stopwatch.GetTimestamp();
        await host.StartAsync();
        await drained.Task;
        while ((await store.ListQueuesAsync()).Sum(queue => queue.Jobs.Completed) < jobs)
        {
            await Task.Delay(1);
        }
        var rate = jobs / Stopwatch.GetElapsedTime(began).TotalSeconds;
        await host.StopAsync();
        return rate;
    }

    /// <summary>Bulk enqueue through the client, 10,000 a call, in jobs per second.</summary>
    public static async Task<double> BulkEnqueueAsync(string file, int jobs)
    {
        using var producer = BuildHost(file, new Countdown(1), null, runs: false);
        var client = producer.Services.GetRequiredService<JobClient>();
        await client.EnqueueManyAsync([new NoOp(0)]);
        var began = Stopwatch.GetTimestamp();
        await FillAsync(client, jobs);
        return jobs / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>Single awaited durable enqueues from so many callers: jobs per second and latencies in milliseconds, sorted.</summary>
    public static async Task<(double PerSecond, double[] Milliseconds)> SingleEnqueueAsync(string file, int callers, TimeSpan time)
    {
        using var producer = BuildHost(file, new Countdown(1), null, runs: false);
        var client = producer.Services.GetRequiredService<JobClient>();
        await client.EnqueueAsync(new NoOp(0));
        return await SingleEnqueueAsync(client, callers, time);
    }

    /// <inheritdoc cref="SingleEnqueueAsync(string, int, TimeSpan)" />
    public static async Task<(double PerSecond, double[] Milliseconds)> SingleEnqueueAsync(JobClient client, int callers, TimeSpan time)
    {
        var began = Stopwatch.GetTimestamp();
        var each = await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            var latencies = new List<double>();
            while (Stopwatch.GetElapsedTime(began) < time)
            {
                var start = Stopwatch.GetTimestamp();
                await client.EnqueueAsync(new NoOp(0));
                latencies.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
            return latencies;
        })));
        var all = each.SelectMany(latencies => latencies).Order().ToArray();
        return (all.Length / Stopwatch.GetElapsedTime(began).TotalSeconds, all);
    }

    /// <summary>From the acknowledged enqueue of one job to its handler's first line, with an idle engine in this process; milliseconds, sorted.</summary>
    public static async Task<double[]> PickupAsync(string file, int times)
    {
        var started = new Channel();
        using var host = BuildHost(file, started, null, runs: true);
        await host.StartAsync();
        var client = host.Services.GetRequiredService<JobClient>();
        var latencies = new List<double>();
        for (var i = 0; i < times; i++)
        {
            var next = started.Next();
            await client.EnqueueAsync(new NoOp(i));
            var acknowledged = Stopwatch.GetTimestamp();
            latencies.Add(Math.Max(0, Stopwatch.GetElapsedTime(acknowledged, await next).TotalMilliseconds));
            await Task.Delay(5);
        }
        await host.StopAsync();
        return [.. latencies.Order()];
    }

    /// <summary>Runs a node until its standard input closes, and writes the time between each job's payload stamp and its start; for pickup from another process.</summary>
    public static async Task<int> ServeAsync(string file)
    {
        using var host = BuildHost(file, new Stamps(), null, runs: true);
        await host.StartAsync();
        Console.WriteLine("ready");
        await Console.In.ReadToEndAsync();
        await host.StopAsync();
        return 0;
    }

    /// <summary>From the acknowledged enqueue here to the handler's first line in another process; milliseconds, sorted.</summary>
    public static async Task<double[]> PickupElsewhereAsync(string file, int times)
    {
        using var other = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["serve", file]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await other.StandardOutput.ReadLineAsync();
        using var producer = BuildHost(file, new Countdown(1), null, runs: false);
        var client = producer.Services.GetRequiredService<JobClient>();
        var latencies = new List<double>();
        for (var i = 0; i < times; i++)
        {
            await client.EnqueueAsync(new NoOp(i));
            var acknowledged = Stopwatch.GetTimestamp();
            var at = long.Parse((await other.StandardOutput.ReadLineAsync())!, System.Globalization.CultureInfo.InvariantCulture);
            latencies.Add(Math.Max(0, Stopwatch.GetElapsedTime(acknowledged, at).TotalMilliseconds));
            await Task.Delay(20);
        }
        other.StandardInput.Close();
        await other.WaitForExitAsync();
        return [.. latencies.Order()];
    }

    /// <summary>The share of one core that an idle node uses.</summary>
    public static async Task<double> IdleAsync(string file, TimeSpan time)
    {
        using var host = BuildHost(file, new Countdown(1), null, runs: true);
        await host.StartAsync();
        await Task.Delay(TimeSpan.FromSeconds(15));
        using var self = Process.GetCurrentProcess();
        var before = self.TotalProcessorTime;
        await Task.Delay(time);
        self.Refresh();
        var share = (self.TotalProcessorTime - before) / time;
        await host.StopAsync();
        return share;
    }

    public static async Task FillAsync(JobClient client, int jobs)
    {
        for (var i = 0; i < jobs; i += 10_000)
        {
            await client.EnqueueManyAsync(Enumerable.Range(i, Math.Min(10_000, jobs - i)).Select(n => new NoOp(n)));
        }
    }

    private static IHost BuildHost(string file, ISawJob seen, int? maxConcurrent, bool runs)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton(seen);
        builder.Services.AddFairlead(f =>
        {
            f.UseSqlite($"Data Source={file}").AddQueue("noop", queue => queue.MaxConcurrent = maxConcurrent).AddJob<NoOp, NoOpHandler>("noop", "noop");
            if (runs)
            {
                f.RunWorkers();
            }
        });
        return builder.Build();
    }
}

/// <summary>A job that does nothing.</summary>
internal sealed record NoOp(int N);

/// <summary>Hears of every job.</summary>
internal interface ISawJob
{
    void Saw(NoOp job);
}

internal sealed class NoOpHandler(ISawJob seen) : IJobHandler<NoOp>
{
    public Task HandleAsync(NoOp job, JobContext context, CancellationToken cancellationToken)
    {
        seen.Saw(job);
        return Task.CompletedTask;
    }
}

internal sealed class Countdown(int jobs) : ISawJob
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _left = jobs;

    public Task Task => _done.Task;

    public void Saw(NoOp job)
    {
        if (Interlocked.Decrement(ref _left) == 0)
        {
            _done.TrySetResult();
        }
    }
}

internal sealed class Channel : ISawJob
{
    private TaskCompletionSource<long>? _next;

    public Task<long> Next() => (_next = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Saw(NoOp job) => _next?.TrySetResult(Stopwatch.GetTimestamp());
}

internal sealed class Stamps : ISawJob
{
    public void Saw(NoOp job) => Console.WriteLine(Stopwatch.GetTimestamp());
}
