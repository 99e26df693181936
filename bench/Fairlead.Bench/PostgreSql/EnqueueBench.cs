using System.Diagnostics;
using System.Globalization;
using Fairlead.Bench.Floors;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Bench.PostgreSql;

/// <summary>Enqueues in bulk beside a bare COPY of the rows that they leave, and single ones of many callers.</summary>
internal static class EnqueueBench
{
    private const int PerCall = 10_000;
    private const int Callers = 64;

    public static async Task<int> RunAsync(BenchOptions options)
    {
        await using var server = await BenchServer.StartAsync();
        var near = await MeasureAsync(server, server.Port, options);
        Print(near);
        if (options.Latency is { } latency)
        {
            using var network = new Network(server.Port, latency);
            Print(near, await MeasureAsync(server, network.Port, options), latency);
        }
        return 0;
    }

    private static async Task<EnqueueFigures> MeasureAsync(BenchServer server, int port, BenchOptions options)
    {
        var (jobs, figures) = (options.Jobs ?? 200_000, new EnqueueFigures());
        for (var run = 0; run < options.Runs; run++)
        {
            figures.Bulk.Add(await InNewDatabaseAsync(server, port, client => BulkAsync(client, jobs), database => CopyAsync(server, port, database, jobs, figures)));
            figures.Batch.Add(await InNewDatabaseAsync(server, port, client => BatchAsync(client, jobs)));
            figures.Single.Add(await InNewDatabaseAsync(server, port, client => SingleAsync(client, options.Seconds ?? TimeSpan.FromSeconds(5), figures.Took)));
        }
        return figures;
    }

    private static async Task<EnqueueFigure> InNewDatabaseAsync(BenchServer server, int port, Func<JobClient, Task<(int Jobs, double Seconds)>> measure, Func<string, Task>? after = null)
    {
        var database = await server.NewDatabaseAsync();
        using (var first = BenchNode.Build(server.Url(database), new Countdown(1), runs: false))
        {
            // Makes the schema, which is not measured.
            await first.Services.GetRequiredService<JobClient>().EnqueueAsync(new NoOp(0));
        }
        await server.TidyAsync(database);
        var before = await server.WorkOfAllAsync(database);
        (int Jobs, double Seconds) measured;
        using (var producer = BenchNode.Build(server.Url(database, port), new Countdown(1), runs: false))
        {
            var client = producer.Services.GetRequiredService<JobClient>();
            await client.EnqueueManyAsync([new NoOp(0)]);
            measured = await measure(client);
        }
        var work = await server.WorkOfAllAsync(database) - before;
        await (after?.Invoke(database) ?? Task.CompletedTask);
        await server.DropAsync(database);
        return new EnqueueFigure(measured.Jobs, measured.Jobs / measured.Seconds, work);
    }

    private static async Task<(int, double)> BulkAsync(JobClient client, int jobs)
    {
        var began = Stopwatch.GetTimestamp();
        for (var done = 0; done < jobs; done += PerCall)
        {
            await client.EnqueueManyAsync(Enumerable.Range(done, Math.Min(PerCall, jobs - done)).Select(static n => new NoOp(n)));
        }
        return (jobs, Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    private static async Task<(int, double)> BatchAsync(JobClient client, int jobs)
    {
        var began = Stopwatch.GetTimestamp();
        await client.EnqueueBatchAsync(Enumerable.Range(0, jobs).Select(static n => new NoOp(n)));
        return (jobs, Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    private static async Task<(int, double)> SingleAsync(JobClient client, TimeSpan time, List<double> took)
    {
        var (perSecond, milliseconds) = await EngineBench.SingleEnqueueAsync(client, Callers, time);
        took.AddRange(milliseconds);
        return (milliseconds.Length, milliseconds.Length / perSecond);
    }

    private static async Task CopyAsync(BenchServer server, int port, string database, int jobs, EnqueueFigures figures)
    {
        var floor = await CopyFloor.OfAsync(server.ConnectionString(database, port), "fairlead", jobs, PerCall);
        figures.CopiedTables = string.Join(" and ", floor.Tables);
        figures.Copy.Add(await floor.PerSecondAsync());
    }

    private static void Print(EnqueueFigures figures)
    {
        var copy = new Spread(figures.Copy).Median;
        Table.Head("what", "jobs/s, median", "of bare COPY", "commits per job", "statements per job");
        Table.Row($"bare COPY of the same rows ({figures.CopiedTables}), {PerCall:N0} a transaction", new Spread(figures.Copy).PerSecond(), "", "", "");
        Row($"bulk enqueue, {PerCall:N0} a call", figures.Bulk, copy);
        Row($"one batch of {figures.Batch[0].Jobs:N0} items", figures.Batch, copy);
        Row($"single awaited enqueues, {Callers} callers", figures.Single, null);
        Console.WriteLine($"single awaited enqueues, {Callers} callers: {new Spread(figures.Took).Milliseconds()}");
    }

    private static void Row(string what, List<EnqueueFigure> figures, double? floor)
    {
        var rates = Rates(figures);
        var (commits, statements) = figures[^1].Work.Per(figures[^1].Jobs);
        Table.Row(what, rates.PerSecond(), floor is { } all ? string.Create(CultureInfo.InvariantCulture, $"{rates.Median / all:P0}") : "", commits, statements);
    }

    private static void Print(EnqueueFigures near, EnqueueFigures far, TimeSpan latency)
    {
        Console.WriteLine();
        Table.Head("what", "directly", string.Create(CultureInfo.InvariantCulture, $"with {latency.TotalMilliseconds:0.##} ms more a round trip"), "of the direct figure");
        Row("bare COPY", new Spread(near.Copy), new Spread(far.Copy));
        Row($"bulk enqueue, {PerCall:N0} a call", Rates(near.Bulk), Rates(far.Bulk));
        Row($"one batch of {near.Batch[0].Jobs:N0} items", Rates(near.Batch), Rates(far.Batch));
        Row($"single awaited enqueues, {Callers} callers", Rates(near.Single), Rates(far.Single));
    }

    private static void Row(string what, Spread near, Spread far) =>
        Table.Row(what, near.PerSecond(), far.PerSecond(), string.Create(CultureInfo.InvariantCulture, $"{far.Median / near.Median:0.00} ×"));

    private static Spread Rates(List<EnqueueFigure> figures) => new(figures.Select(static figure => figure.PerSecond));
}

/// <summary>How one measurement went.</summary>
internal sealed record EnqueueFigure(int Jobs, double PerSecond, ServerWork Work);

/// <summary>All of them.</summary>
internal sealed class EnqueueFigures
{
    public List<double> Copy { get; } = [];

    public string CopiedTables { get; set; } = "";

    public List<EnqueueFigure> Bulk { get; } = [];

    public List<EnqueueFigure> Batch { get; } = [];

    public List<EnqueueFigure> Single { get; } = [];

    /// <summary>How long each of the single ones took, in milliseconds.</summary>
    public List<double> Took { get; } = [];
}
