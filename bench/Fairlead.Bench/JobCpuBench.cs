using System.Globalization;
using Fairlead.Bench.Floors;
using Fairlead.Processes;
using Fairlead.Processes.Pools;

namespace Fairlead.Bench;

/// <summary>
/// What a job of <c>protocol: job</c> costs in CPU time, everything counted (the node with its store, the warden, the programs), beside the same program
/// started with nothing around it.
/// </summary>
internal static class JobCpuBench
{
    private const string Program = "/bin/true";

    /// <summary>What is left of a process's own start is not what a job costs.</summary>
    private const int WarmUp = 500;

    public static async Task<int> RunAsync(string[] args)
    {
        var jobs = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 2000;
        BarePrograms.CpuOf(Program, WarmUp);
        var floor = BarePrograms.CpuOf(Program, jobs);

        using var scratch = new Scratch();
        await using var store = await scratch.OpenAsync("jobs.db");
        await using var warden = await Warden.StartAsync(new WardenOptions(), TimeProvider.System);
        await DrainAsync(store, warden, WarmUp);
        var (node, programs) = await DrainAsync(store, warden, jobs);

        var whole = node + programs;
        Console.WriteLine($"{"posix_spawn and waitpid",-34} {floor.TotalMilliseconds,8:N2} ms of CPU a job");
        Console.WriteLine($"{"protocol: job",-34} {whole.TotalMilliseconds,8:N2} ms   the node {node.TotalMilliseconds:N2}, the warden and the programs {programs.TotalMilliseconds:N2}");
        Console.WriteLine($"{"above the floor",-34} {(whole - floor).TotalMilliseconds,8:N2} ms");
        return 0;
    }

    private static async Task<(TimeSpan Node, TimeSpan Programs)> DrainAsync(Sqlite.SqliteJobStore store, Warden warden, int jobs)
    {
        await PoolNode.FillAsync(store, jobs);
        var (node, rest) = (CpuTime.OfSelf(), CpuTime.WithReaped(warden.Pid));
        await PoolNode.DrainAsync(store, warden, new PoolOptions { Run = [Program], MaxPerNode = Environment.ProcessorCount });
        return ((CpuTime.OfSelf() - node) / jobs, (CpuTime.WithReaped(warden.Pid) - rest) / jobs);
    }
}
