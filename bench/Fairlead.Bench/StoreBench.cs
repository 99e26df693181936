using System.Diagnostics;
using Fairlead.Bench.Floors;
using Fairlead.Sqlite;

namespace Fairlead.Bench;

/// <summary>No-op jobs through the SQLite store, synchronous=FULL, history kept, each figure beside its floor of the same run.</summary>
internal static class StoreBench
{
    public static async Task<int> RunAsync(string[] args)
    {
        var jobs = args.Length > 0 ? int.Parse(args[0]) : 300_000;
        using var scratch = new Scratch();
        using var floor = new SqliteFloor(scratch.File("floor.db"));
        var insertFloor = floor.Insert(jobs);
        var completeFloor = floor.Complete(jobs);
        await using var store = await scratch.OpenAsync("store.db");

        Print("bulk enqueue (1000 a call)", await EnqueueAsync(store, jobs, 1000), insertFloor, store.Commits / (double)jobs);
        var before = store.Commits;
        Print("claim(1000) + apply(1000)", await CycleAsync(store, jobs, null), completeFloor, (store.Commits - before) / (double)jobs);
        await EnqueueAsync(store, jobs, 1000);
        before = store.Commits;
        Print("the same, max_concurrent 2000", await CycleAsync(store, jobs, 2000), completeFloor, (store.Commits - before) / (double)jobs);
        var began = Stopwatch.GetTimestamp();
        await store.EnqueueBatchAsync(new() { Queue = "q", Items = Scratch.Jobs(jobs) });
        Print("one batch", jobs / Stopwatch.GetElapsedTime(began).TotalSeconds, insertFloor, 1.0 / jobs);
        before = store.Commits;
        Print("its items, claim + apply", await CycleAsync(store, jobs, null), completeFloor, (store.Commits - before) / (double)jobs);
        return 0;
    }

    private static void Print(string what, double rate, double floor, double commits) =>
        Console.WriteLine($"{what,-34} {rate,10:N0}/s   floor {floor,10:N0}/s   {rate / floor,6:P0}   {commits:N5} commits per job");

    private static async Task<double> EnqueueAsync(SqliteJobStore store, int count, int perCall)
    {
        var call = Scratch.Jobs(perCall);
        var began = Stopwatch.GetTimestamp();
        var inFlight = new Queue<Task>();
        for (var done = 0; done < count; done += perCall)
        {
            inFlight.Enqueue(store.EnqueueAsync(call).AsTask());
            if (inFlight.Count >= 4)
            {
                await inFlight.Dequeue();
            }
        }
        await Task.WhenAll(inFlight);
        return count / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    // As an engine does it: the completions of one round and the claim of the next arrive together and share a transaction.
    private static async Task<double> CycleAsync(SqliteJobStore store, int count, int? maxConcurrent)
    {
        var node = (await store.JoinAsync(Scratch.Registration(maxConcurrent))).Node;
        long sequence = 0;
        var began = Stopwatch.GetTimestamp();
        var claim = await store.ClaimAsync(Scratch.Request(node, ++sequence, 1000));
        for (var done = 0; done < count;)
        {
            var now = TimeProvider.System.GetUtcNow();
            var apply = store.ApplyAsync(node, [.. claim.Jobs.Select(job => Scratch.Completed(job, now))]);
            var next = store.ClaimAsync(Scratch.Request(node, ++sequence, 1000));
            done += (await apply).Count;
            claim = await next;
        }
        var rate = count / Stopwatch.GetElapsedTime(began).TotalSeconds;
        await store.LeaveAsync(node);
        return rate;
    }
}
