using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sqlite.Tests;

/// <summary>
/// Whole nodes in processes of their own on one file, each enqueueing its share and running whatever is there, one of them killed with
/// <c>kill -9</c> again and again and replaced by one that goes on with its share. Each process says on its output what it does.
/// </summary>
public sealed class KilledNodes(string file, int processes, int jobs, int seed) : IDisposable
{
    internal const string Share = "FAIRLEAD_TEST_SHARE";
    private readonly Random random = new(seed);
    private readonly List<Member> members = [];
    private readonly List<Member> all = [];
    private readonly List<(long At, HashSet<string> Held)> deaths = [];

    /// <summary>What nodes said went wrong; must stay empty.</summary>
    public IReadOnlyList<string> Complaints => [.. all.SelectMany(member => member.Complaints)];

    public int Kills => deaths.Count;

    public int Acknowledged => all.Sum(member => member.Acknowledged);

    public void Start()
    {
        for (var i = 0; i < processes; i++)
        {
            Add(i * (jobs / processes), jobs / processes);
        }
    }

    /// <summary>
    /// Kills one of them and puts another in its place; one that runs a job which was met twice already is spared: a third time would make that job
    /// poison, and it is chance that kills here, not the job.
    /// </summary>
    public async Task KillOneAsync()
    {
        var met = deaths.SelectMany(static death => death.Held).GroupBy(static job => job).Where(static job => job.Count() > 1).Select(static job => job.Key).ToHashSet();
        var candidates = members.FindAll(member => !member.Runs(met));
        if (candidates.Count == 0)
        {
            return;
        }
        var victim = candidates[random.Next(candidates.Count)];
        var at = Stopwatch.GetTimestamp();
        victim.Process.Kill();
        await victim.Reading;
        deaths.Add((at, victim.Running));
        members.Remove(victim);
        Add(victim.First + victim.Acknowledged, victim.Count - victim.Acknowledged);
    }

    /// <summary>How long the slowest of a killed node's jobs took to run again; null when one never did.</summary>
    public async Task<TimeSpan?> SlowestComebackAsync()
    {
        foreach (var member in members)
        {
            member.Process.Input.Close();
        }
        await Task.WhenAll(members.Select(member => member.Reading)).WaitAsync(TimeSpan.FromSeconds(60));
        var starts = all.SelectMany(member => member.Starts).ToLookup(start => start.Job, start => start.At);
        var slowest = TimeSpan.Zero;
        foreach (var (at, held) in deaths)
        {
            foreach (var job in held)
            {
                var again = starts[job].Where(start => start > at).DefaultIfEmpty(0).Min();
                if (again == 0)
                {
                    return null;
                }
                var took = Stopwatch.GetElapsedTime(at, again);
                slowest = took > slowest ? took : slowest;
            }
        }
        return slowest;
    }

    public void Dispose() => members.ForEach(static member => member.Process.Dispose());

    private void Add(int first, int count)
    {
        var member = new Member(Child.Start("node", file, $"{first},{count}"), first, count);
        members.Add(member);
        all.Add(member);
    }

    /// <summary>The role of such a process.</summary>
    internal static async Task PlayAsync(string file)
    {
        var share = Environment.GetEnvironmentVariable(Share)!.Split(',').Select(part => int.Parse(part, CultureInfo.InvariantCulture)).ToArray();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddProvider(new Complainer());
        builder.Services.AddFairlead(f => f
            .UseSqlite($"Data Source={file}")
            .AddQueue("work", q => q.Retries = 0)
            .AddJob("work", async (Item item, CancellationToken token) =>
            {
                Say($"S {item.N}");
                await Task.Delay(5 + (item.N % 40), token);
                Say($"E {item.N}");
            }, "work")
            .RunWorkers(options => options.Concurrency = 8));
        using var host = builder.Build();
        await host.StartAsync();
        var client = host.Services.GetRequiredService<JobClient>();
        for (var i = share[0]; i < share[0] + share[1]; i++)
        {
            await client.EnqueueAsync(new Item(i));
            Say($"A {i}");
        }
        await Console.In.ReadToEndAsync();
        await host.StopAsync();
    }

    private static void Say(string what)
    {
        lock (Console.Out)
        {
            Console.WriteLine($"{what} {Stopwatch.GetTimestamp()}");
        }
    }

    public sealed record Item(int N);

    /// <summary>One process and what it has said.</summary>
    private sealed class Member
    {
        public Member(Child process, int first, int count)
        {
            (Process, First, Count) = (process, first, count);
            Reading = Task.Run(ReadAsync);
        }

        public Child Process { get; }

        public int First { get; }

        public int Count { get; }

        public int Acknowledged { get; private set; }

        public HashSet<string> Running { get; } = [];

        public List<(string Job, long At)> Starts { get; } = [];

        public List<string> Complaints { get; } = [];

        public Task Reading { get; }

        /// <summary>Whether it runs one of these.</summary>
        public bool Runs(HashSet<string> jobs)
        {
            lock (Running)
            {
                return Running.Overlaps(jobs);
            }
        }

        private async Task ReadAsync()
        {
            while (await Process.Output.ReadLineAsync() is { } line)
            {
                lock (Running)
                {
                    Hear(line);
                }
            }
        }

        private void Hear(string line)
        {
            switch (line.Split(' '))
            {
                case ["A", _, _]:
                    Acknowledged++;
                    break;
                case ["S", var job, var at]:
                    Running.Add(job);
                    Starts.Add((job, long.Parse(at, CultureInfo.InvariantCulture)));
                    break;
                case ["E", var job, _]:
                    Running.Remove(job);
                    break;
                case not [""]:
                    Complaints.Add(line);
                    break;
            }
        }
    }

    /// <summary>Says aloud what goes wrong; that another node was found dead is the point of the exercise.</summary>
    private sealed class Complainer : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel) && eventId.Name != "LogNodeDead")
            {
                Say($"W {formatter(state, exception)} {exception}".ReplaceLineEndings(" "));
            }
        }

        public void Dispose()
        {
        }
    }
}
