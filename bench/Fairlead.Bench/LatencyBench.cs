using System.Diagnostics;
using Fairlead.Bench.Floors;
using Fairlead.Sqlite;

namespace Fairlead.Bench;

/// <summary>Single awaited durable enqueues: one caller, and 64 at once.</summary>
internal static class LatencyBench
{
    public static async Task<int> RunAsync()
    {
        using var scratch = new Scratch();
        using (var floor = new SqliteFloor(scratch.File("floor.db")))
        {
            Console.WriteLine($"one bare durable insert: p50 {floor.Flush(2000):N3} ms");
        }
        await using var store = await scratch.OpenAsync("store.db");
        await CallersAsync(store, 1, 500);
        Print("1 caller", await CallersAsync(store, 1, 3000));
        Print("64 callers", await CallersAsync(store, 64, 2000));
        return 0;
    }

    private static void Print(string what, (double Rate, List<double> Took) figure) => Console.WriteLine(
        $"{what,-12} {figure.Rate,9:N0}/s   p50 {At(figure.Took, 0.5):N3} ms   p99 {At(figure.Took, 0.99):N3} ms   max {figure.Took[^1]:N1} ms");

    private static double At(List<double> sorted, double share) => sorted[(int)(sorted.Count * share)];

    private static async Task<(double, List<double>)> CallersAsync(SqliteJobStore store, int callers, int each)
    {
        var job = Scratch.Jobs(1);
        var began = Stopwatch.GetTimestamp();
        var all = await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            var took = new List<double>(each);
            for (var i = 0; i < each; i++)
            {
                var start = Stopwatch.GetTimestamp();
                await store.EnqueueAsync(job);
                took.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
            return took;
        })));
        var rate = callers * each / Stopwatch.GetElapsedTime(began).TotalSeconds;
        var took = all.SelectMany(static t => t).ToList();
        took.Sort();
        return (rate, took);
    }
}
