using System.Collections.Concurrent;
using System.Diagnostics;
using Fairlead.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fairlead.Bench.Soak;

/// <summary>
/// One node in this process on one durable server, given 500 jobs a second for as long as is said, whose history is kept for a twelfth of that time: so that
/// whatever grows afterwards, grows without end. A sample of memory, latency and tables every twelfth of a quarter.
/// </summary>
internal sealed class SoakRun(PostgreSqlServer server, TimeSpan length)
{
    public const int PerSecond = 500;
    private const int PerCall = 25;
    private const int Samples = 48;
    private readonly ConcurrentQueue<double> _latencies = new();
    private long _done;

    /// <summary>Runs it.</summary>
    /// <returns>The samples in order, and how many jobs were enqueued and how many run.</returns>
    public async Task<SoakFindings> RunAsync()
    {
        using var host = Build();
        await host.StartAsync();
        using var ended = new CancellationTokenSource();
        var producing = ProduceAsync(host.Services.GetRequiredService<IJobStore>(), ended.Token);
        var samples = new List<SoakSample>();
        var began = Stopwatch.GetTimestamp();
        using var every = new PeriodicTimer(length / Samples);
        while (samples.Count < Samples && await every.WaitForNextTickAsync())
        {
            samples.Add(await SampleAsync(Stopwatch.GetElapsedTime(began)));
        }
        await ended.CancelAsync();
        var enqueued = await producing;
        await CatchUpAsync(enqueued);
        await host.StopAsync();
        return new SoakFindings(samples, enqueued, Interlocked.Read(ref _done));
    }

    private IHost Build()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddFairlead(f => f
            .UsePostgreSql(server.Url())
            .AddQueue("soak")
            .AddJob("soak", (Stamped job) => Note(job), "soak")
            .RunWorkers(options => (options.Concurrency, options.KeepCompleted, options.KeepFailed) = (32, length / 12, length / 12)));
        return builder.Build();
    }

    private void Note(Stamped job)
    {
        _latencies.Enqueue(Stopwatch.GetElapsedTime(job.At).TotalMilliseconds);
        Interlocked.Increment(ref _done);
    }

    private static async Task<long> ProduceAsync(IJobStore store, CancellationToken ended)
    {
        var began = Stopwatch.GetTimestamp();
        long enqueued = 0;
        while (!ended.IsCancellationRequested)
        {
            var payload = System.Text.Encoding.UTF8.GetBytes($"{{\"at\":{Stopwatch.GetTimestamp()}}}");
            await store.EnqueueAsync([.. Enumerable.Range(0, PerCall).Select(_ => new NewJob { Queue = "soak", Kind = new JobKind("soak"), Payload = payload })], CancellationToken.None);
            enqueued += PerCall;
            var due = TimeSpan.FromSeconds((double)enqueued / PerSecond) - Stopwatch.GetElapsedTime(began);
            await Task.Delay(due > TimeSpan.Zero ? due : TimeSpan.Zero, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        return enqueued;
    }

    /// <summary>What was enqueued last is run too.</summary>
    private async Task CatchUpAsync(long enqueued)
    {
        var began = Stopwatch.GetTimestamp();
        while (Interlocked.Read(ref _done) < enqueued && Stopwatch.GetElapsedTime(began) < TimeSpan.FromMinutes(1))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }
    }

    private async Task<SoakSample> SampleAsync(TimeSpan at)
    {
        var latencies = new List<double>();
        while (_latencies.TryDequeue(out var one))
        {
            latencies.Add(one);
        }
        latencies.Sort();
        using var self = Process.GetCurrentProcess();
        return new SoakSample(at, GC.GetTotalMemory(forceFullCollection: true), self.WorkingSet64, At(latencies, 0.5), At(latencies, 0.99), await TablesAsync());
    }

    private static double At(List<double> sorted, double share) => sorted.Count == 0 ? double.PositiveInfinity : sorted[(int)(share * (sorted.Count - 1))];

    /// <summary>Tables with their indexes, and whatever they keep elsewhere.</summary>
    private async Task<long> TablesAsync()
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString());
        await connection.OpenAsync();
        await using var question = new NpgsqlCommand(
            "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'fairlead' AND c.relkind IN ('r', 'm')", connection);
        return (long)(await question.ExecuteScalarAsync())!;
    }

    internal sealed record Stamped(long At);
}

/// <summary>What was seen at one time.</summary>
/// <param name="At">When, from the beginning.</param>
/// <param name="Managed">Bytes of objects that live.</param>
/// <param name="Resident">Bytes of the process.</param>
/// <param name="P50">Milliseconds from enqueueing to the handler, half of the jobs.</param>
/// <param name="P99">The same, all but a hundredth.</param>
/// <param name="Tables">Bytes of the store's tables and indexes.</param>
internal sealed record SoakSample(TimeSpan At, long Managed, long Resident, double P50, double P99, long Tables);
