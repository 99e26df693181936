using System.Diagnostics;
using System.Globalization;
using Fairlead.Cli.Tests;
using Fairlead.Storage;

namespace Fairlead.Servers.Tests.Announcements;

/// <summary>Queues that hand over to each other while their workers, and the node, are killed: nothing is lost, and what is there twice says why.</summary>
public sealed class KilledWorkersTests : IDisposable
{
    /// <summary>How many exchanges announce every PDF; more for a measurement, by <c>FAIRLEAD_EXCHANGES</c>.</summary>
    private static readonly int Exchanges = int.Parse(Environment.GetEnvironmentVariable("FAIRLEAD_EXCHANGES") ?? "2", CultureInfo.InvariantCulture);
    private static readonly int Wanted = Exchanges * Announcing.Pdfs.Count;

    /// <summary>Far more than it takes: two seconds for each, and what tests may take anyway.</summary>
    private static readonly TimeSpan Patience = Workspace.Patience + TimeSpan.FromSeconds(2 * Wanted);
    private static readonly TimeSpan EachKill = TimeSpan.FromSeconds(1);
    private readonly Announcing _here = new();

    public KilledWorkersTests()
    {
        foreach (var queue in (string[])["AI_PROCESSING", "SUPABASE_UPLOAD"])
        {
            _here.Environment[$"FAIRLEAD__QUEUES__{queue}__RETRIES"] = "100";
            _here.Environment[$"FAIRLEAD__QUEUES__{queue}__BACKOFF__FIRST"] = "100ms";
        }
    }

    public void Dispose() => _here.Dispose();

    [Fact]
    public async Task A_row_whose_worker_was_killed_before_it_was_known_is_explained_by_its_attempts()
    {
        _here.Environment["PRINT_AFTER"] = "1000";
        await _here.EnqueueAsync(Announcing.Upload, ["""{"announcement":"BSE/one","title":"","pages":1,"characters":2,"amounts":[]}"""]);
        var node = _here.Serve();
        await using var store = await _here.OpenAsync();
        await Workspace.UntilAsync(() => _here.Saved().Count == 1, "it is saved");
        File.Delete(_here.Here.File("python/sitecustomize.py"));
        Kill(_here.Workers(Announcing.Upload).ShouldHaveSingleItem());
        await Workspace.UntilAsync(async () => await Announcing.CompletedAsync(store, Announcing.Upload) == 1, "it is saved again, and that is known");
        await _here.StopAsync(node);

        var rows = _here.Saved();
        var attempts = (await store.GetTimelinesAsync((await Announcing.JobsAsync(store, Announcing.Upload))[0].Id))[0].Attempts;
        attempts.Select(static attempt => attempt.Outcome).ShouldBe([AttemptOutcome.Lost, AttemptOutcome.Completed]);
        rows.Select(static row => row.Fence).ShouldBe(attempts.Select(static attempt => attempt.Fence));
        await AuditAsync(store, 1);
    }

    [Fact]
    public async Task Every_announcement_gets_through_once_although_a_worker_is_killed_every_second_and_the_node_twice()
    {
        _here.Open();
        // Long enough between what a worker does and its word that it is done for some to be killed there.
        _here.Environment["PRINT_AFTER"] = "0.3";
        var node = _here.Serve();
        for (var exchange = 1; exchange <= Exchanges; exchange++)
        {
            (await _here.AnnounceAsync($"X{exchange}")).ShouldBe($"{Announcing.Pdfs.Count} of {Announcing.Pdfs.Count} announcements are new");
        }
        await using var store = await _here.OpenAsync();
        var random = new Random(4);
        var (killed, nodes, clock, next) = (0, 0, Stopwatch.StartNew(), EachKill);
        while (await Announcing.CompletedAsync(store, Announcing.Upload) is var saved && saved < Wanted)
        {
            clock.Elapsed.ShouldBeLessThan(Patience, $"{saved} of {Wanted} are saved after {killed} kills\n{_here.Log}");
            if (nodes < 2 && saved > Wanted / 3 * (nodes + 1))
            {
                node.Signal("KILL");
                await node.EndAsync();
                node = _here.Serve();
                nodes++;
            }
            else if (clock.Elapsed >= next && AnyWorker(random) is { } worker)
            {
                Kill(worker);
                killed++;
                next = clock.Elapsed + EachKill;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
        await _here.StopAsync(node);

        TestContext.Current.TestOutputHelper?.WriteLine($"{killed} workers and {nodes} nodes killed in {clock.Elapsed.TotalSeconds:0} s; {_here.Saved().Count} rows for {Wanted} announcements");
        nodes.ShouldBe(2);
        killed.ShouldBeGreaterThan(3);
        await AuditAsync(store, Wanted);
    }

    /// <summary>One successor for each announcement, every announcement in the table, and every row there by an attempt that the store knows.</summary>
    private async Task AuditAsync(IJobStore store, int announcements)
    {
        var read = await Announcing.JobsAsync(store, Announcing.Ai);
        var uploads = await Announcing.JobsAsync(store, Announcing.Upload);
        if (read.Count > 0)
        {
            read.ShouldAllBe(static job => job.Status == JobStatus.Completed);
            uploads.Select(static job => job.Parent).ShouldBe(read.Select(static job => (JobId?)job.Id), ignoreOrder: true);
        }
        uploads.Count.ShouldBe(announcements);
        uploads.ShouldAllBe(static job => job.Status == JobStatus.Completed);

        var rows = _here.Saved().ToLookup(static row => row.Job);
        rows.Select(static job => job.First().Announcement).Distinct().Count().ShouldBe(announcements);
        rows.Select(static job => job.Key).ShouldBe(uploads.Select(static job => job.Id.Value), ignoreOrder: true);
        foreach (var job in uploads)
        {
            Explain([.. rows[job.Id.Value]], (await store.GetTimelinesAsync(job.Id))[0].Attempts);
        }
    }

    private static void Explain(List<SavedRow> rows, IReadOnlyList<JobAttempt> attempts)
    {
        rows.Select(static row => row.Fence).ShouldBeUnique();
        rows.Count.ShouldBeLessThanOrEqualTo(attempts.Count);
        var by = rows.ConvertAll(row => attempts.Single(attempt => attempt.Fence == row.Fence && attempt.Attempt == row.Attempt));
        by.Count(static attempt => attempt.Outcome == AttemptOutcome.Completed).ShouldBe(1);
        by.ShouldAllBe(static attempt => attempt.Outcome == AttemptOutcome.Completed || attempt.Outcome == AttemptOutcome.Lost);
    }

    /// <summary>One by chance, but never the only one of its queue: a pool whose processes all die before they have done anything starts them ever more seldom.</summary>
    private int? AnyWorker(Random random)
    {
        int[] workers = [.. ((string[])[Announcing.Ai, Announcing.Upload]).Select(_here.Workers).Where(static all => all.Count > 1).SelectMany(static all => all)];
        return workers.Length == 0 ? null : workers[random.Next(workers.Length)];
    }

    private static void Kill(int pid)
    {
        using var kill = Process.Start("kill", ["-KILL", pid.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }
}
