using System.Diagnostics;
using System.Globalization;
using Fairlead.Sqlite;

namespace Fairlead.Bench;

/// <summary>Several processes on one file: each enqueues jobs one by one, durably, and runs whatever is there.</summary>
internal static class ProcessesBench
{
    private const int Jobs = 2000;

    public static async Task<int> RunAsync(string[] args)
    {
        var count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 10;
        using var scratch = new Scratch();
        await using var store = await scratch.OpenAsync("store.db");
        var processes = Enumerable.Range(0, count).Select(_ => Start(scratch.File("store.db"))).ToList();
        foreach (var process in processes)
        {
            await process.StandardOutput.ReadLineAsync();
        }
        var began = Stopwatch.GetTimestamp();
        processes.ForEach(static process => process.StandardInput.WriteLine());
        var lines = await Task.WhenAll(processes.Select(static process => process.StandardOutput.ReadToEndAsync()));
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        foreach (var line in lines)
        {
            Console.Write(line);
        }
        var tally = (await store.ListQueuesAsync()).Single().Jobs;
        Console.WriteLine($"{count} processes: {tally.Completed:N0} of {tally.Total:N0} jobs completed in {seconds:N1} s, {tally.Total / seconds:N0}/s");
        return tally.Completed == tally.Total ? 0 : 1;
    }

    /// <summary>One of the processes.</summary>
    public static async Task<int> WorkAsync(string file)
    {
        await using var store = new SqliteJobStore(file, TimeProvider.System);
        await store.OpenAsync();
        Console.WriteLine("ready");
        await Console.In.ReadLineAsync();
        var took = await EnqueueAsync(store);
        var node = (await store.JoinAsync(Scratch.Registration())).Node;
        for (long sequence = 1; ; sequence++)
        {
            var claim = await store.ClaimAsync(Scratch.Request(node, sequence, 10));
            if (claim.Jobs.Count == 0)
            {
                break;
            }
            var now = TimeProvider.System.GetUtcNow();
            await store.ApplyAsync(node, [.. claim.Jobs.Select(job => Scratch.Completed(job, now))]);
        }
        await store.LeaveAsync(node);
        Console.WriteLine($"enqueue p50 {took[took.Count / 2]:N2} ms   p99 {took[took.Count * 99 / 100]:N2} ms   max {took[^1]:N1} ms");
        return 0;
    }

    private static async Task<List<double>> EnqueueAsync(SqliteJobStore store)
    {
        var took = new List<double>(Jobs);
        var job = Scratch.Jobs(1);
        for (var i = 0; i < Jobs; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await store.EnqueueAsync(job);
            took.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        took.Sort();
        return took;
    }

    private static Process Start(string file) => Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["work", file])
    {
        UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true,
    })!;
}
