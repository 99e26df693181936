using System.Diagnostics;
using System.Globalization;
using Fairlead.Engine;
using Fairlead.Limits;
using Fairlead.Simulation;
using Fairlead.Sqlite;
using Fairlead.Storage;

namespace Fairlead.Bench;

/// <summary>
/// A saturated limit of 2,000/s: in virtual time on memory, and by four processes of eight callers each on one SQLite file. Every slot that was
/// used is kept, and every window of a second is looked at, over all processes.
/// </summary>
internal static class LimitsBench
{
    private const int PerSecond = 2000;
    private const int Processes = 4;
    private const int Callers = 8;
    private const int LeaseAhead = 16;
    private static readonly NamedLimit Limit = new("bench", PerSecond.PerSecond());

    public static async Task<int> RunAsync(string[] args)
    {
        var grants = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1_000_000;
        var inMemory = InVirtualTime(grants, leaseAhead: 0) & InVirtualTime(grants, LeaseAhead);
        var onSqlite = await OnSqliteAsync(grants / 10, leaseAhead: 0) & await OnSqliteAsync(grants / 10, LeaseAhead);
        return inMemory && onSqlite ? 0 : 1;
    }

    /// <summary>One of the processes: says what each of its callers used, a slot a line.</summary>
    public static async Task<int> CallAsync(string file, string grants, string leaseAhead)
    {
        await using var store = new SqliteJobStore(file, TimeProvider.System);
        await using var client = new LimitClient(store, new NodeStanding(TimeProvider.System), [Limit], int.Parse(leaseAhead, CultureInfo.InvariantCulture));
        var counted = new Tally(int.Parse(grants, CultureInfo.InvariantCulture));
        var limiter = client.For(Limit.Name);
        (await limiter.WaitAsync(1, null, null, first: false, CancellationToken.None)).Dispose();
        await Console.Out.WriteLineAsync("ready");
        await Console.In.ReadLineAsync();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => CallAsync(limiter, counted)));
        await Console.Out.WriteLineAsync(string.Join('\n', counted.Slots.Select(static slot => slot.ToString(CultureInfo.InvariantCulture))));
        await Console.Out.WriteLineAsync($"calls {client.Questions}");
        return 0;
    }

    private static async Task CallAsync(SharedRateLimiter limiter, Tally tally)
    {
        while (tally.TakeOne())
        {
            using var lease = await limiter.WaitAsync(1, null, null, first: false, CancellationToken.None);
            tally.Add(lease.Permits[0].Permit.At.UtcTicks);
        }
    }

    private static bool InVirtualTime(int grants, int leaseAhead)
    {
        var time = new VirtualTime();
        var store = new InMemoryJobStore(time);
        var began = Stopwatch.GetTimestamp();
        var client = new LimitClient(store, new NodeStanding(time), [Limit], leaseAhead);
        var limiter = client.For(Limit.Name);
        var tally = new Tally(grants);
        time.Run(() => Task.WhenAll(Enumerable.Range(0, Processes * Callers).Select(_ => CallAsync(limiter, tally))));
        var calls = client.Questions;
        return Judge($"memory, virtual time, {(leaseAhead > 0 ? "leased" : "unleased")}", [tally.Slots], calls, leaseAhead > 0 ? 0.2 : 1.1, Stopwatch.GetElapsedTime(began));
    }

    private static async Task<bool> OnSqliteAsync(int grants, int leaseAhead)
    {
        using var scratch = new Scratch();
        await using var store = await scratch.OpenAsync("store.db");
        await store.DeclareLimitsAsync([Limit]);
        string[] arguments = ["call", scratch.File("store.db"), (grants / Processes).ToString(CultureInfo.InvariantCulture), leaseAhead.ToString(CultureInfo.InvariantCulture)];
        var processes = Enumerable.Range(0, Processes).Select(_ => Process.Start(new ProcessStartInfo(Environment.ProcessPath!, arguments)
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true,
        })!).ToList();
        foreach (var process in processes)
        {
            await process.StandardOutput.ReadLineAsync();
        }
        var began = Stopwatch.GetTimestamp();
        processes.ForEach(static process => process.StandardInput.WriteLine());
        var outputs = await Task.WhenAll(processes.Select(static process => process.StandardOutput.ReadToEndAsync()));
        var took = Stopwatch.GetElapsedTime(began);
        var lines = outputs.Select(static output => output.Split('\n', StringSplitOptions.RemoveEmptyEntries)).ToList();
        var slots = lines.ConvertAll(static own => own[..^1].Select(static line => long.Parse(line, CultureInfo.InvariantCulture)).ToList());
        var calls = lines.Sum(static own => long.Parse(own[^1].AsSpan("calls ".Length), CultureInfo.InvariantCulture));
        return Judge($"SQLite, {Processes} processes, {(leaseAhead > 0 ? "leased" : "unleased")}", slots, calls, leaseAhead > 0 ? 0.2 : 1.1, took);
    }

    /// <summary>Every window of all slots; how much of the rate was used while every process called.</summary>
    private static bool Judge(string what, List<List<long>> processes, long calls, double mostCalls, TimeSpan took)
    {
        var slots = processes.SelectMany(static own => own).Order().ToList();
        var (from, to) = (processes.Max(static own => own.Min()), processes.Min(static own => own.Max()));
        var over = 0;
        for (var i = 0; i + PerSecond < slots.Count; i++)
        {
            over += slots[i + PerSecond] - slots[i] < TimeSpan.TicksPerSecond ? 1 : 0;
        }
        var used = (slots.Count(slot => slot >= from && slot <= to) - 1) / TimeSpan.FromTicks(to - from).TotalSeconds / PerSecond;
        var perGrant = calls / (double)slots.Count;
        Console.WriteLine($"{what,-38} {slots.Count,9:N0} grants in {took.TotalSeconds,6:N1} s   {over} windows over   {used,7:P2} of the rate   {perGrant:N3} calls a grant");
        return over == 0 && used >= 0.99 && perGrant <= mostCalls;
    }

    /// <summary>What is still to be used, and what was.</summary>
    private sealed class Tally(int grants)
    {
        private readonly Lock _gate = new();
        private int _left = grants;

        public List<long> Slots { get; } = new(grants);

        public bool TakeOne() => Interlocked.Decrement(ref _left) >= 0;

        public void Add(long slot)
        {
            lock (_gate)
            {
                Slots.Add(slot);
            }
        }
    }
}
