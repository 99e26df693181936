using System.Text.Json;
using Fairlead.Cli.Tests;
using Fairlead.Samples.Upstreams;
using Fairlead.Sqlite;
using Fairlead.Storage;

namespace Fairlead.Servers.Tests.Samples;

/// <summary>
/// samples/marketplace-sync as it stands, served by the real program: twelve accounts, one of twenty times the size, one whose offers are broken
/// and one whose messages never answer. What it does is judged by what reached the marketplace, and by the store's records.
/// </summary>
[Collection(nameof(Alone))]
public sealed class MarketplaceSyncTests : IAsyncLifetime
{
    private const string Huge = "leviathan", Targets = "fairlead.targets.sync";
    private static readonly TimeSpan Page = TimeSpan.FromMilliseconds(200);
    private static readonly string[] Small = [.. Marketplace.Pages.Keys.Where(static account => account is not (Huge or Marketplace.Broken or Marketplace.Hanging))];
    private readonly Workspace _here = new();
    private UpstreamServer _marketplace = null!;

    public async ValueTask InitializeAsync()
    {
        _marketplace = await UpstreamServer.StartAsync(new Marketplace(TimeProvider.System, Page), TimeProvider.System);
        var sample = Path.Combine(AppContext.BaseDirectory, "samples", "marketplace-sync");
        foreach (var file in Directory.EnumerateFiles(sample, "*", SearchOption.AllDirectories))
        {
            var copy = _here.File(Path.GetRelativePath(sample, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _marketplace.DisposeAsync();
        _here.Dispose();
    }

    [Fact]
    public async Task A_cycle_takes_what_its_slowest_worker_takes_and_no_account_disturbs_another()
    {
        await using var store = new SqliteJobStore(_here.File("fairlead.db"), TimeProvider.System);
        await store.OpenAsync();
        var node = Serve();
        IReadOnlyList<Job> targets = [];
        // The second cycle comes while the huge account's first one still runs, and the third, too.
        await Workspace.UntilAsync(
            async () => (targets = await JobsAsync(store, Targets)).Where(static job => job.EndedAt is not null).ToLookup(Account) is var ended
                && Marketplace.Pages.Keys.All(account => ended[account].Count() >= (Small.Contains(account) ? 2 : 1)),
            $"every account has had a cycle, and the small ones a second\n{Log}");
        node.Signal("TERM");
        (await node.EndAsync()).ExitCode.ShouldBe(0, Log);

        var spans = new List<(string Account, long From, long To)>();
        foreach (var target in targets.Where(static job => job.EndedAt is not null && job.StartedAt is not null))
        {
            spans.Add((Account(target), target.StartedAt!.Value.Ticks, target.EndedAt!.Value.Ticks));
        }
        spans.Max(one => spans.Count(other => other.From <= one.From && one.From < other.To)).ShouldBeLessThanOrEqualTo(5, "accounts at once");
        foreach (var one in spans)
        {
            spans.Count(other => other.Account == one.Account && other.From <= one.From && one.From < other.To).ShouldBe(1, $"cycles of {one.Account} at once");
        }

        var jobs = (await JobsAsync(store, "orders")).Concat(await JobsAsync(store, "offers")).Concat(await JobsAsync(store, "messages")).ToList();
        var firsts = jobs.GroupBy(static job => (job.Queue, Account: Account(job))).Select(static same => same.MinBy(static job => job.Id.Value)!).ToList();
        firsts.Count.ShouldBe(35, "twelve accounts, all three workers but for one");
        foreach (var job in firsts)
        {
            var expected = (Account(job), job.Queue) is (Marketplace.Broken, "offers") or (Marketplace.Hanging, "messages") ? JobStatus.Failed : JobStatus.Completed;
            job.Status.ShouldBe(expected, $"{job.Queue} of {Account(job)}: {job.Error}");
        }
        firsts.Single(static job => (Account(job), job.Queue) == (Marketplace.Hanging, "messages")).LastOutcome.ShouldBe(AttemptOutcome.TimedOut);

        // All workers of an account run side by side: it takes what the slowest of them takes, not their sum, whoever else is there.
        foreach (var account in Marketplace.Pages.Keys)
        {
            var own = firsts.Where(job => Account(job) == account).ToList();
            var slowest = own.Max(static job => (job.EndedAt!.Value - job.StartedAt!.Value).Ticks);
            spans.First(span => span.Account == account).ShouldSatisfyAllConditions(span => (span.To - span.From).ShouldBeLessThanOrEqualTo((long)(1.05 * slowest) + Waited(own), $"{account}'s cycle, and its slowest worker"));
        }

        // A call that never ends is given up with its process, and the marketplace hears of that a little later.
        var calls = _marketplace.Statistics.Arrivals.Where(static call => !call.For!.StartsWith(Marketplace.Hanging, StringComparison.Ordinal)).ToList();
        calls.Max(one => calls.Where(other => other.At <= one.At && (other.EndedAt is null || other.EndedAt > one.At)).Select(static call => call.For!.Split('/')[0]).Distinct().Count())
            .ShouldBeLessThanOrEqualTo(5, "accounts that the marketplace answered at once");

        foreach (var account in Small)
        {
            Count(account, "orders").ShouldBeGreaterThanOrEqualTo(2 * Marketplace.Pages[account], $"pages of orders of {account} in two cycles");
            targets.Count(job => Account(job) == account && job.Status == JobStatus.Completed).ShouldBeGreaterThanOrEqualTo(2, $"cycles of {account}");
        }
        foreach (var target in targets.Where(static job => job.StartedAt is not null))
        {
            (await store.ReadLogAsync(target.Id, 0, 10, null)).Lines.ShouldContain(line => line.Message == $"Running worker cycle for account {Account(target)}");
        }
    }

    /// <summary>What its jobs waited for their processes to be there, a start of Python each, and for their places.</summary>
    private static long Waited(IEnumerable<Job> jobs) => jobs.Max(static job => (job.StartedAt!.Value - job.EnqueuedAt).Ticks) + TimeSpan.FromSeconds(1).Ticks;

    private int Count(string account, string kind) => _marketplace.Statistics.Arrivals.Count(arrival => arrival.For == $"{account}/{kind}");

    private static string Account(Job job) => JsonDocument.Parse(job.Payload).RootElement.GetProperty("account").GetString()!;

    /// <summary>The jobs of a queue: all of them are items of the cycles' and the targets' batches.</summary>
    private static async Task<IReadOnlyList<Job>> JobsAsync(SqliteJobStore store, string queue)
    {
        var jobs = new List<Job>();
        foreach (var batch in (await store.ListJobsAsync(new JobQuery { BatchesOnly = true, Limit = 1000 })).Jobs)
        {
            jobs.AddRange((await store.ListJobsAsync(new JobQuery { Batch = batch.Id, Limit = 1000 })).Jobs.Where(job => job.Queue == queue));
        }
        return jobs;
    }

    private string Log => File.Exists(_here.File("serve.log")) ? File.ReadAllText(_here.File("serve.log")) : "";

    private RunningProgram Serve() => _here.StartTool(
        "env", "FAIRLEAD__HTTP__URL=http://127.0.0.1:0", $"MARKETPLACE={_marketplace.Address}", "FAIRLEAD__SCHEDULES__SYNC__EVERY=4s", "FAIRLEAD__QUEUES__MESSAGES__RETRIES=0", "FAIRLEAD__QUEUES__OFFERS__RETRIES=0",
        "FAIRLEAD__QUEUES__MESSAGES__TIMEOUT=25s", "FAIRLEAD__QUEUES__MESSAGES__KILL_AFTER=100ms",
        "sh", "-c", "exec \"$FAIRLEAD_PROGRAM\" serve >> serve.log 2>&1");
}
