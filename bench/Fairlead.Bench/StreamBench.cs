using System.Globalization;
using Fairlead.Bench.Floors;
using Fairlead.Processes;
using Fairlead.Processes.Pools;

namespace Fairlead.Bench;

/// <summary>No-op jobs through one Python process of <c>protocol: stream</c>, end to end on SQLite: one at a time, and with a prefetch; beside bare pipes.</summary>
internal static class StreamBench
{
    /// <summary>As quick as Python answers: what is measured is the way there and back.</summary>
    public const string Answerer = """
        import sys
        out = sys.stdout
        for line in sys.stdin:
            job = line[7:line.index(',')].strip()
            out.write('{"done":' + job + '}\n')
            out.flush()
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        var jobs = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 50_000;
        await CompareAsync("stream, one at a time", jobs, 1);
        await CompareAsync("stream, prefetch 64", 2 * jobs, 64);
        return 0;
    }

    private static async Task CompareAsync(string what, int jobs, int prefetch)
    {
        var floor = BarePipes.PerSecond(Answerer, jobs, prefetch);
        var rate = await DrainAsync(jobs, prefetch);
        Console.WriteLine($"{what,-34} {rate,10:N0}/s   floor {floor,10:N0}/s   {rate / floor,6:P0}   (bare pipes, Python at both ends, {prefetch} ahead)");
    }

    private static async Task<double> DrainAsync(int jobs, int prefetch)
    {
        using var scratch = new Scratch();
        await using var store = await scratch.OpenAsync("stream.db");
        await PoolNode.FillAsync(store, jobs);
        await using var warden = await Warden.StartAsync(new WardenOptions(), TimeProvider.System);
        var took = await PoolNode.DrainAsync(store, warden, new PoolOptions { Run = ["python3", "-c", Answerer], Protocol = PoolProtocol.Stream, Prefetch = prefetch, MaxPerNode = 1 });
        return jobs / took.TotalSeconds;
    }
}
