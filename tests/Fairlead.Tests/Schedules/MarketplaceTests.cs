using Fairlead.Schedules;
using Fairlead.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fairlead.Tests.Schedules;

/// <summary>Twelve accounts with three workers each, every 5 minutes, at most 5 accounts at once; one is 20 times as large as the others.</summary>
public sealed class MarketplaceTests
{
    private const string Huge = "account-3";
    private static readonly string[] Workers = ["orders", "offers", "messages"];
    private static readonly Account[] Accounts = [.. Enumerable.Range(1, 12).Select(static number => new Account($"account-{number}", number == 3 ? 600 : 20 + number))];

    [Fact]
    public async Task A_cycle_takes_as_long_as_its_slowest_worker_and_small_accounts_end_as_if_alone()
    {
        await using var scene = new Scene();

        await scene.Harness.RunForAsync(TimeSpan.FromMinutes(11));

        var first = (await scene.CyclesAsync()).Last();
        first.Status.ShouldBe(JobStatus.Completed);
        first.Seconds!.Value.ShouldBeLessThanOrEqualTo(600 * 1.05);
        (first.Targets, first.Completed, first.Failed, first.LeftOut).ShouldBe((12, 12, 0, 0));
        (first.Slowest!.Value.Key, first.SlowestWorker!.Value.Key).ShouldBe((Huge, "orders"));
        (first.Bound!.Value.Term, first.Bound.Value.Key).ShouldBe((CycleBoundTerm.Target, Huge));
        first.Bound.Value.Seconds.ShouldBeInRange(600, 601);
        // From its first worker's start to its last one's end: its own slowest worker, whatever else runs.
        foreach (var account in Accounts)
        {
            var runs = scene.Runs.Where(run => run.Account == account.Id).GroupBy(static run => run.Round).First().ToList();
            (runs.Max(static run => run.To!.Value) - runs.Min(static run => run.From)).TotalSeconds.ShouldBeLessThanOrEqualTo(account.Seconds * 1.05);
        }
    }

    [Fact]
    public async Task Never_two_cycles_of_one_account_and_never_more_than_five_accounts_at_once()
    {
        await using var scene = new Scene();

        await scene.Harness.RunForAsync(TimeSpan.FromMinutes(60));

        scene.MostAccounts.ShouldBe(5);
        scene.Doubled.ShouldBeFalse();
        // The huge one is left out of the rounds that are due while it still runs; the others are in each.
        (await scene.CyclesAsync()).Count(static cycle => cycle.LeftOut == 1).ShouldBeGreaterThanOrEqualTo(4);
        scene.Runs.Count(static run => run.Account == "account-1" && run.Worker == "orders").ShouldBe(13);
    }

    [Fact]
    public async Task A_worker_that_throws_and_one_that_hangs_change_no_other()
    {
        await using var alone = new Scene();
        await using var scene = new Scene(throws: ("account-5", "offers"), hangs: ("account-7", "messages"));

        await alone.Harness.RunForAsync(TimeSpan.FromMinutes(11));
        await scene.Harness.RunForAsync(TimeSpan.FromMinutes(11));

        var (cycle, undisturbed) = ((await scene.CyclesAsync()).Last(), (await alone.CyclesAsync()).Last());
        (cycle.Targets, cycle.Completed, cycle.Failed).ShouldBe((12, 10, 2));
        cycle.Seconds!.Value.ShouldBeLessThanOrEqualTo(undisturbed.Seconds!.Value * 1.05);
        foreach (var account in Accounts.Where(static account => account.Id is not "account-5" and not "account-7"))
        {
            scene.Runs.Count(run => run.Account == account.Id && run.To is not null).ShouldBeGreaterThanOrEqualTo(3);
        }
        scene.Log.Of("sync").ShouldContain(static line => line.StartsWith("[sync] completed in 10.", StringComparison.Ordinal) && line.EndsWith(": 12 targets, 2 failed, slowest account-3 10.0 min", StringComparison.Ordinal), string.Join('\n', scene.Log.Lines));
    }

    [Fact]
    public async Task In_sequential_mode_one_worker_runs_at_a_time_in_order()
    {
        await using var scene = new Scene(options: static cycle => (cycle.Sequential, cycle.Order) = (true, CycleOrder.Listed), accounts: Accounts[..2]);

        await scene.Harness.RunForAsync(TimeSpan.FromMinutes(4));

        scene.MostWorkers.ShouldBe(1);
        scene.Runs.Take(6).Select(static run => (run.Account, run.Worker)).ShouldBe(from account in Accounts[..2] from worker in Workers select (account.Id, worker));
    }

    [Fact]
    public async Task A_target_without_a_key_fails_by_itself()
    {
        await using var scene = new Scene(accounts: [Accounts[0], new Account("", 20), Accounts[1]]);

        await scene.Harness.RunForAsync(TimeSpan.FromMinutes(4));

        var cycle = (await scene.CyclesAsync()).ShouldHaveSingleItem();
        (cycle.Targets, cycle.Completed, cycle.Failed).ShouldBe((3, 2, 1));
    }

    public sealed record Account(string Id, double Seconds);

    public sealed record Sync(string Account, string Worker, double Seconds);

    private sealed class Run(string account, string worker, string round, DateTimeOffset from)
    {
        public string Account => account;

        public string Worker => worker;

        public string Round => round;

        public DateTimeOffset From => from;

        public DateTimeOffset? To { get; set; }

        public bool Runs { get; set; } = true;
    }

    private sealed class Scene : IAsyncDisposable
    {
        private readonly (string Account, string Worker)? _throws;
        private readonly (string Account, string Worker)? _hangs;

        public Scene((string Account, string Worker)? throws = null, (string Account, string Worker)? hangs = null, Action<ScheduleOptions>? options = null, Account[]? accounts = null)
        {
            (_throws, _hangs) = (throws, hangs);
            Harness = new FairleadHarness(
                f =>
                {
                    foreach (var worker in Workers)
                    {
                        f.AddQueue(worker, static queue => (queue.Timeout, queue.Retries) = (TimeSpan.FromMinutes(15), 0));
                    }
                    f.AddJob("sync", RunAsync);
                    f.AddCycle(
                        "sync",
                        Schedule.Every(TimeSpan.FromMinutes(5)),
                        (_, _) => Task.FromResult<IReadOnlyList<Account>>(accounts ?? Accounts),
                        static account => account.Id,
                        account => Workers.Select((worker, place) => new CycleJob(
                            new Sync(account.Id, worker, account.Seconds / (place + 1)),
                            new JobOptions { Queue = worker, Timeout = (account.Id, worker) == _hangs ? TimeSpan.FromMinutes(2) : null })),
                        cycle =>
                        {
                            cycle.MaxGroups = 5;
                            options?.Invoke(cycle);
                        });
                },
                services => services.AddSingleton<ILoggerProvider>(Log));
        }

        public FairleadHarness Harness { get; }

        public KeptLog Log { get; } = new();

        public List<Run> Runs { get; } = [];

        public int MostAccounts { get; private set; }

        public int MostWorkers { get; private set; }

        public bool Doubled { get; private set; }

        public async Task<IReadOnlyList<CycleRecord>> CyclesAsync()
        {
            var (schedule, now) = await new ScheduleDesk(Harness.Store).FindAsync("sync");
            return await new CycleReader(Harness.Store).ListAsync(schedule.Definition, now, 100);
        }

        public ValueTask DisposeAsync() => Harness.DisposeAsync();

        private async Task RunAsync(Sync sync, JobContext context, TimeProvider time, CancellationToken stop)
        {
            Doubled |= Runs.Exists(run => run.Runs && run.Account == sync.Account && (run.Worker == sync.Worker || run.Round != $"{context.Job.Batch}"));
            var here = new Run(sync.Account, sync.Worker, $"{context.Job.Batch}", time.GetUtcNow());
            Runs.Add(here);
            MostAccounts = Math.Max(MostAccounts, Runs.Where(static run => run.Runs).Select(static run => run.Account).Distinct().Count());
            MostWorkers = Math.Max(MostWorkers, Runs.Count(static run => run.Runs));
            try
            {
                if ((sync.Account, sync.Worker) == _throws)
                {
                    throw new JobFailedException("it throws");
                }
                await Task.Delay((sync.Account, sync.Worker) == _hangs ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(sync.Seconds), time, stop);
                here.To = time.GetUtcNow();
            }
            finally
            {
                here.Runs = false;
            }
        }
    }
}
