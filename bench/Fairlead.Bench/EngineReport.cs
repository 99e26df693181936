using Fairlead.Bench.Floors;

namespace Fairlead.Bench;

/// <summary>The figures of the whole engine, each beside its floor of the same run.</summary>
internal static class EngineReport
{
    public static async Task<int> RunAsync(string[] args)
    {
        var jobs = args.Length > 0 ? int.Parse(args[0]) : 300_000;
        using var scratch = new Scratch();
        using var floor = new SqliteFloor(scratch.File("floor.db"));
        var insertFloor = floor.Insert(jobs);
        var completeFloor = floor.Complete(jobs);
        Console.WriteLine($"{"floor through ADO.NET commands",-34} {floor.CompleteThroughAdo(jobs),10:N0}/s");

        Rate("bulk enqueue (10,000 a call)", await EngineBench.BulkEnqueueAsync(scratch.File("bulk.db"), jobs), insertFloor);
        Rate("no-op jobs from a backlog", await EngineBench.DrainAsync(scratch.File("drain.db"), jobs, null), completeFloor);
        Rate("the same, max_concurrent 64", await EngineBench.DrainAsync(scratch.File("drain64.db"), jobs / 4, 64), completeFloor);
        var (perSecond, latencies) = await EngineBench.SingleEnqueueAsync(scratch.File("single.db"), 64, TimeSpan.FromSeconds(5));
        Console.WriteLine($"{"single enqueues, 64 callers",-34} {perSecond,10:N0}/s   {Percentiles(latencies)}");
        (_, latencies) = await EngineBench.SingleEnqueueAsync(scratch.File("one.db"), 1, TimeSpan.FromSeconds(3));
        Console.WriteLine($"{"single enqueues, 1 caller",-34} {"",12}   {Percentiles(latencies)}   one flush {floor.Flush(1000):N2} ms");
        Console.WriteLine($"{"pickup, same process",-34} {"",12}   {Percentiles(await EngineBench.PickupAsync(scratch.File("pickup.db"), 500))}");
        Console.WriteLine($"{"pickup, another process",-34} {"",12}   {Percentiles(await EngineBench.PickupElsewhereAsync(scratch.File("elsewhere.db"), 200))}");
        return await IdleAsync();
    }

    /// <summary>What an idle node costs, over half a minute.</summary>
    public static async Task<int> IdleAsync()
    {
        using var scratch = new Scratch();
        Console.WriteLine($"{"idle",-34} {await EngineBench.IdleAsync(scratch.File("idle.db"), TimeSpan.FromSeconds(30)),12:P2} of a core");
        return 0;
    }

    /// <summary>The backlog alone, for a profiler.</summary>
    public static async Task<int> DrainAsync(string[] args)
    {
        using var scratch = new Scratch();
        var jobs = args.Length > 0 ? int.Parse(args[0]) : 300_000;
        int? most = args.Length > 1 ? int.Parse(args[1]) : null;
        Console.WriteLine($"{"no-op jobs from a backlog",-34} {await EngineBench.DrainAsync(scratch.File("drain.db"), jobs, most),10:N0}/s");
        return 0;
    }

    private static void Rate(string what, double rate, double floor) =>
        Console.WriteLine($"{what,-34} {rate,10:N0}/s   floor {floor,10:N0}/s   {rate / floor,6:P0}");

    private static string Percentiles(double[] sorted) =>
        $"p50 {sorted[sorted.Length / 2]:N2} ms   p99 {sorted[(int)(sorted.Length * 0.99)]:N2} ms   max {sorted[^1]:N2} ms";
}
