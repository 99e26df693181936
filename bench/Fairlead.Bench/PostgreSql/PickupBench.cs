using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Bench.PostgreSql;

/// <summary>A single job on an idle cluster: two nodes and a producer, each a process of its own. And what the two nodes cost when nothing happens.</summary>
internal static class PickupBench
{
    private const int Nodes = 2;

    public static async Task<int> RunAsync(BenchOptions options)
    {
        await using var server = await BenchServer.StartAsync();
        var database = await server.NewDatabaseAsync();
        using var producer = BenchNode.Build(server.Url(database), new Countdown(1), runs: false);
        var client = producer.Services.GetRequiredService<JobClient>();
        await client.Store.OpenAsync();
        var nodes = new List<Process>();
        for (var node = 0; node < Nodes; node++)
        {
            nodes.Add(await BenchNode.StartAsync(server.Url(database), "stamps"));
        }
        var (called, acknowledged) = await PickupAsync(client, Starts(nodes), options.Tries ?? 200);
        Table.Head("what", "figure");
        Table.Row("pickup of one job, from its acknowledgement to its handler's first line in another process", acknowledged.Milliseconds());
        Table.Row("… from the call that enqueues it", called.Milliseconds());
        await IdleAsync(server, database, nodes, options.Seconds ?? TimeSpan.FromSeconds(30));
        nodes.ForEach(static node => node.StandardInput.Close());
        await Task.WhenAll(nodes.Select(static node => node.WaitForExitAsync()));
        nodes.ForEach(static node => node.Dispose());
        return 0;
    }

    private static async Task<(Spread FromCall, Spread FromAcknowledgement)> PickupAsync(JobClient client, ChannelReader<long> starts, int tries)
    {
        var (fromCall, fromAcknowledgement, moments) = (new List<double>(), new List<double>(), new Random(1));
        for (var number = -10; number < tries; number++)
        {
            await Task.Delay(moments.Next(20, 120));
            var called = Stopwatch.GetTimestamp();
            await client.EnqueueAsync(new NoOp(number));
            var acknowledged = Stopwatch.GetTimestamp();
            var started = await starts.ReadAsync();
            // The first ones are for the compilers.
            if (number >= 0)
            {
                fromCall.Add(Stopwatch.GetElapsedTime(called, started).TotalMilliseconds);
                fromAcknowledgement.Add(Math.Max(0, Stopwatch.GetElapsedTime(acknowledged, started).TotalMilliseconds));
            }
        }
        return (new Spread(fromCall), new Spread(fromAcknowledgement));
    }

    /// <summary>The time stamps that any of the nodes writes.</summary>
    private static ChannelReader<long> Starts(List<Process> nodes)
    {
        var starts = System.Threading.Channels.Channel.CreateUnbounded<long>();
        foreach (var node in nodes)
        {
            _ = Task.Run(() => PassOnAsync(node, starts.Writer));
        }
        return starts.Reader;
    }

    private static async Task PassOnAsync(Process node, ChannelWriter<long> starts)
    {
        while (await node.StandardOutput.ReadLineAsync() is { } line)
        {
            await starts.WriteAsync(long.Parse(line, CultureInfo.InvariantCulture));
        }
    }

    private static async Task IdleAsync(BenchServer server, string database, List<Process> nodes, TimeSpan time)
    {
        await Task.Delay(TimeSpan.FromSeconds(12));
        var (work, statements, cpu) = (await server.WorkAsync(database), await server.StatementsAsync(database), Cpu(nodes));
        await Task.Delay(time);
        var done = await server.WorkAsync(database) - work;
        var share = (Cpu(nodes) - cpu) / time / Nodes;
        await SayWhichAsync(server, database, statements, time);
        Table.Row("an idle node of two: statements a second", Each(done.Statements, time));
        Table.Row("… commits a second", Each(done.Commits, time));
        Table.Row("… of a core", string.Create(CultureInfo.InvariantCulture, $"{share:P2}"));
    }

    /// <summary>Which statements an idle node is made of, for whoever wants fewer.</summary>
    private static async Task SayWhichAsync(BenchServer server, string database, Dictionary<string, long> before, TimeSpan time)
    {
        foreach (var (statement, calls) in (await server.StatementsAsync(database)).Select(pair => (pair.Key, pair.Value - before.GetValueOrDefault(pair.Key))).Where(static pair => pair.Item2 > 0).OrderByDescending(static pair => pair.Item2))
        {
            Console.Error.WriteLine($"{Each(calls, time)}/s  {string.Join(' ', statement.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))}");
        }
    }

    private static string Each(long count, TimeSpan time) => (count / time.TotalSeconds / Nodes).ToString("0.00", CultureInfo.InvariantCulture);

    private static TimeSpan Cpu(List<Process> nodes) => nodes.Aggregate(TimeSpan.Zero, static (sum, node) => sum + CpuTime.WithReaped(node.Id));
}
