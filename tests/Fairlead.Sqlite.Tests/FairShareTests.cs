using Fairlead.Storage;
using Fairlead.Testing;

namespace Fairlead.Sqlite.Tests;

/// <summary>Shares of time on a real database, with run times as they are said at the end of attempts.</summary>
public sealed class FairShareTests
{
    private const int JobsEach = 1000;

    [Fact]
    public async Task A_group_with_jobs_ten_times_as_long_gets_half_of_the_time()
    {
        await using var run = await FairNode.StartAsync(new() { Name = "q" }, 4, ("quick", 1), ("slow", 10));
        await run.RunUntilOneIsOutOfWorkAsync();
        run.ShareOf("quick").ShouldBe(1 / 2d, 0.02);
        run.ShareOf("slow").ShouldBe(1 / 2d, 0.02);
    }

    [Fact]
    public async Task Weights_are_shares_of_time()
    {
        var weights = new Dictionary<string, double> { ["two"] = 2, ["four"] = 4 };
        await using var run = await FairNode.StartAsync(new() { Name = "q", Weights = weights }, 4, ("one", 1), ("two", 1), ("four", 1));
        await run.RunUntilOneIsOutOfWorkAsync();
        run.ShareOf("one").ShouldBe(1 / 7d, 0.02);
        run.ShareOf("two").ShouldBe(2 / 7d, 0.02);
        run.ShareOf("four").ShouldBe(4 / 7d, 0.02);
    }

    /// <summary>A node with so many slots that runs each group's jobs for a given time of a clock that only it moves.</summary>
    private sealed class FairNode(TempStore temp, SqliteJobStore store, ManualClock clock, NodeId node, int slots, (string Group, int Seconds)[] work) : IAsyncDisposable
    {
        private readonly List<(ClaimedJob Job, DateTimeOffset Begin, DateTimeOffset End)> running = [];
        private readonly Dictionary<string, double> served = [];
        private readonly Dictionary<string, int> starts = [];
        private long sequence;

        public static async Task<FairNode> StartAsync(QueueDefinition queue, int slots, params (string Group, int Seconds)[] work)
        {
            var (temp, clock) = (new TempStore(), new ManualClock());
            var store = await temp.OpenAsync(clock);
            var lease = await store.JoinAsync(TempStore.Registration(queue) with { Lease = TimeSpan.FromDays(1) });
            foreach (var (group, _) in work)
            {
                await store.EnqueueAsync([.. Enumerable.Range(0, JobsEach).Select(_ => TempStore.Job() with { Group = group })]);
            }
            return new(temp, store, clock, lease.Node, slots, work);
        }

        /// <summary>The group's part of all time served.</summary>
        public double ShareOf(string group) => served[group] / served.Values.Sum();

        public async Task RunUntilOneIsOutOfWorkAsync()
        {
            while (starts.Values.DefaultIfEmpty().Max() < JobsEach)
            {
                await FillAsync();
                clock.Advance(running.Min(static r => r.End) - clock.Now);
                await EndAsync();
            }
        }

        public ValueTask DisposeAsync() => temp.DisposeAsync();

        private async Task FillAsync()
        {
            var answer = await store.ClaimAsync(TempStore.Request(node, ++sequence, slots - running.Count));
            foreach (var job in answer.Jobs)
            {
                var seconds = work.Single(w => w.Group == job.Group).Seconds;
                running.Add((job, clock.Now, clock.Now.AddSeconds(seconds)));
                starts[job.Group!] = starts.GetValueOrDefault(job.Group!) + 1;
            }
        }

        private async Task EndAsync()
        {
            var over = running.FindAll(r => r.End <= clock.Now);
            running.RemoveAll(r => r.End <= clock.Now);
            await store.ApplyAsync(node, [.. over.Select(static r => JobTransition.Completed(new(r.Job.Key, r.Begin, r.End), default, []))]);
            foreach (var (job, begin, end) in over)
            {
                served[job.Group!] = served.GetValueOrDefault(job.Group!) + (end - begin).TotalSeconds;
            }
        }
    }
}
