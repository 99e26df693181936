using System.Diagnostics;
using Fairlead.Sqlite;

namespace Fairlead.Bench;

/// <summary>Claims and size with few and with many jobs waiting.</summary>
internal static class WaitingBench
{
    public static async Task<int> RunAsync(string[] args)
    {
        var many = args.Length > 0 ? int.Parse(args[0]) : 1_000_000;
        using var scratch = new Scratch();
        await using var store = await scratch.OpenAsync("store.db");
        var node = (await store.JoinAsync(Scratch.Registration())).Node;
        var sequence = new Sequence();
        await FillAsync(store, 3000);
        await ClaimsAsync(store, node, sequence, 200, 10);
        await FillAsync(store, 3000);
        var few = await ClaimsAsync(store, node, sequence, 200, 10);

        await FillAsync(store, many);
        var size = new FileInfo(scratch.File("store.db")).Length + new FileInfo(scratch.File("store.db-wal")).Length;
        var loaded = await ClaimsAsync(store, node, sequence, 200, 10);
        GC.Collect();
        Console.WriteLine($"claim(10)+apply(10): {few:N3} ms with about 1,000 waiting, {loaded:N3} ms with {many:N0}: {loaded / few:N2} x");
        Console.WriteLine($"disk: {size / (double)many - 20:N0} bytes per waiting job beyond its payload of 20");
        Console.WriteLine($"resident memory: {Process.GetCurrentProcess().WorkingSet64 / 1024 / 1024:N0} MB");
        return 0;
    }

    private static async Task FillAsync(SqliteJobStore store, int count)
    {
        var call = Scratch.Jobs(1000);
        for (var done = 0; done < count; done += 1000)
        {
            await store.EnqueueAsync(call);
        }
    }

    private static async Task<double> ClaimsAsync(SqliteJobStore store, Storage.NodeId node, Sequence sequence, int rounds, int slots)
    {
        var took = new List<double>(rounds);
        for (var i = 0; i < rounds; i++)
        {
            var began = Stopwatch.GetTimestamp();
            var claim = await store.ClaimAsync(Scratch.Request(node, ++sequence.Value, slots));
            var now = TimeProvider.System.GetUtcNow();
            await store.ApplyAsync(node, [.. claim.Jobs.Select(job => Scratch.Completed(job, now))]);
            took.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        took.Sort();
        return took[rounds / 2];
    }

    private sealed class Sequence
    {
        public long Value;
    }
}
