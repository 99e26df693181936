using System.Globalization;

namespace Fairlead.Bench.PostgreSql;

/// <summary>No-op jobs from a backlog: this store beside the bare statements and its peers, in turns on one server.</summary>
internal static class DrainBench
{
    public static async Task<int> RunAsync(BenchOptions options)
    {
        var jobs = options.Jobs ?? 200_000;
        Contestant[] all = [.. new[] { Contestants.Fairlead }.Concat(Contestants.Floors).Where(who => options.Includes(who.Name)), .. await Contestants.PeersAsync(options)];
        await using var server = await BenchServer.StartAsync();
        var near = await MeasureAsync(all, server, server.Port, jobs, options.Runs);
        Print(all, near);
        if (options.Latency is { } latency)
        {
            using var network = new Network(server.Port, latency);
            using var wire = new Network(server.Port, TimeSpan.Zero);
            Print(all, near, await MeasureAsync(all, server, wire.Port, jobs, options.Runs), await MeasureAsync(all, server, network.Port, jobs, options.Runs), latency);
        }
        return 0;
    }

    private static async Task<Dictionary<Contestant, List<DrainFigure>>> MeasureAsync(Contestant[] all, BenchServer server, int port, int jobs, int runs)
    {
        var figures = all.ToDictionary(static who => who, static _ => new List<DrainFigure>());
        for (var run = 0; run < runs; run++)
        {
            foreach (var who in all)
            {
                figures[who].Add(await who.DrainAsync(server, port, jobs));
                Console.Error.WriteLine($"{who.Name}: {figures[who][^1].PerSecond:N0}/s");
            }
        }
        return figures;
    }

    private static void Print(Contestant[] all, Dictionary<Contestant, List<DrainFigure>> figures)
    {
        Table.Head("who", "finished jobs are", "jobs/s, median", "Fairlead is", "commits per job", "statements per job", "jobs");
        foreach (var who in all)
        {
            var (commits, statements) = Middle(figures[who]).Work.Per(figures[who][0].Jobs);
            Table.Row(who.Name, who.History, Rate(figures[who]).PerSecond(), Ratio(figures, who), commits, statements, figures[who][0].Jobs.ToString("N0", CultureInfo.InvariantCulture));
        }
    }

    private static void Print(Contestant[] all, Dictionary<Contestant, List<DrainFigure>> near, Dictionary<Contestant, List<DrainFigure>> wire, Dictionary<Contestant, List<DrainFigure>> far, TimeSpan latency)
    {
        Console.WriteLine();
        Table.Head("who", "directly", "through the proxy", string.Create(CultureInfo.InvariantCulture, $"with {latency.TotalMilliseconds:0.##} ms more a round trip"), "of the direct figure", "of the proxy's figure");
        foreach (var who in all)
        {
            var (direct, plain, slow) = (Rate(near[who]), Rate(wire[who]), Rate(far[who]));
            Table.Row(who.Name, direct.PerSecond(), plain.PerSecond(), slow.PerSecond(), Times(slow.Median / direct.Median), Times(slow.Median / plain.Median));
        }
    }

    private static string Ratio(Dictionary<Contestant, List<DrainFigure>> figures, Contestant who) =>
        who != Contestants.Fairlead && figures.TryGetValue(Contestants.Fairlead, out var own) ? Times(Rate(own).Median / Rate(figures[who]).Median) : "";

    private static string Times(double ratio) => string.Create(CultureInfo.InvariantCulture, $"{ratio:0.00} ×");

    private static Spread Rate(List<DrainFigure> figures) => new(figures.Select(static figure => figure.PerSecond));

    /// <summary>The run whose rate is the median.</summary>
    private static DrainFigure Middle(List<DrainFigure> figures) => figures.MinBy(figure => Math.Abs(figure.PerSecond - Rate(figures).Median))!;
}
