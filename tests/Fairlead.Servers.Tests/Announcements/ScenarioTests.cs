using Fairlead.Cli.Tests;
using Fairlead.Storage;

namespace Fairlead.Servers.Tests.Announcements;

/// <summary>The two scenarios of samples/announcements/README.md, counted from outside.</summary>
public sealed class ScenarioTests : IDisposable
{
    private readonly Announcing _here = new();

    public void Dispose() => _here.Dispose();

    [Fact]
    public async Task Of_five_jobs_three_run_at_once_and_the_others_as_the_first_end()
    {
        var pdfs = Announcing.Pdfs.Take(5).ToList();
        await _here.EnqueueAsync(Announcing.Ai, pdfs.Select(static pdf => Announcing.Payload("BSE", pdf)));
        await using var census = new Census(_here);
        var node = _here.Serve();
        await using var store = await _here.OpenAsync();

        await UntilReadingAsync(3);
        _here.Workers(Announcing.Ai).Count.ShouldBe(3);
        await _here.UntilStatusAsync("AI: 3/3 workers, 2 jobs | INVESTOR: 0/1 workers, 0 jobs | UPLOAD: 0/2 workers, 0 jobs");

        var first = _here.Readings()[0].Pdf;
        _here.Open(first);
        await UntilReadingAsync(4);
        _here.Readings().Where(static reading => reading.Ended is not null).Select(static reading => reading.Pdf).ShouldBe([first]);
        _here.Workers(Announcing.Ai).Count.ShouldBe(3);

        _here.Open(_here.Readings()[1].Pdf);
        await UntilReadingAsync(5);
        _here.Open();
        await Workspace.UntilAsync(async () => await Announcing.CompletedAsync(store, Announcing.Upload) == 5, "all five are saved");
        await _here.StopAsync(node);

        census.MostOf(Announcing.Ai).ShouldBe(3);
        MostAtOnce(_here.Readings().Select(static reading => (reading.Begun, reading.Ended!.Value))).ShouldBe(3);
        (await AttemptsAtOnceAsync(store, Announcing.Ai)).ShouldBe(3);
        _here.Log.ShouldMatch(@"Spawned worker ai_[0-9.]+ for AI \(PID: \d+, Total: 3\)");
        _here.Log.ShouldNotContain("Total: 4)");
    }

    [Fact]
    public async Task Mixed_queues_run_three_and_two_and_one_at_once()
    {
        var pdfs = Announcing.Pdfs;
        await _here.EnqueueAsync(Announcing.Ai, pdfs.Take(4).Select(static pdf => Announcing.Payload("BSE", pdf)));
        await _here.EnqueueAsync(Announcing.Upload, Enumerable.Range(0, 3).Select(static n => $$"""{"announcement":"NSE/{{n}}","title":"","pages":1,"characters":2,"amounts":[]}"""));
        await _here.EnqueueAsync(Announcing.Investor, [Announcing.Payload("BSE", pdfs[4])]);
        await using var census = new Census(_here);
        await using var store = await _here.OpenAsync();
        RunningProgram node;
        using (var table = _here.OpenTable())
        {
            // Who saves must wait for its turn at the file.
            using var held = table.BeginTransaction(deferred: false);
            node = _here.Serve();
            await UntilReadingAsync(4);
            await Workspace.UntilAsync(() => _here.Workers(Announcing.Upload).Count == 2, "both are there that save");
            (_here.Workers(Announcing.Ai).Count, _here.Workers(Announcing.Upload).Count, _here.Workers(Announcing.Investor).Count).ShouldBe((3, 2, 1));
            await _here.UntilStatusAsync("AI: 3/3 workers, 1 job | INVESTOR: 1/1 workers, 0 jobs | UPLOAD: 2/2 workers, 1 job");
        }
        _here.Open();
        await Workspace.UntilAsync(async () => await Announcing.CompletedAsync(store, Announcing.Upload) == 7, "four and three are saved");
        await Workspace.UntilAsync(async () => await Announcing.CompletedAsync(store, Announcing.Investor) == 1, "who is named is listed");
        await _here.StopAsync(node);

        (census.MostOf(Announcing.Ai), census.MostOf(Announcing.Upload), census.MostOf(Announcing.Investor)).ShouldBe((3, 2, 1));
        _here.Saved().Select(static row => row.Announcement).Distinct().Count().ShouldBe(7);
        _here.Saved().Count.ShouldBe(7);
    }

    [Fact]
    public async Task What_is_announced_again_while_it_is_worked_at_is_not_taken_twice()
    {
        var node = _here.Serve();
        var all = Announcing.Pdfs.Count;
        (await _here.AnnounceAsync("BSE")).ShouldBe($"{all} of {all} announcements are new");
        (await _here.AnnounceAsync("BSE")).ShouldBe($"0 of {all} announcements are new");
        (await _here.AnnounceAsync("NSE")).ShouldBe($"{all} of {all} announcements are new");
        await using var store = await _here.OpenAsync();
        (await Announcing.JobsAsync(store, Announcing.Ai)).Count.ShouldBe(2 * all);
        _here.Open();
        await _here.StopAsync(node);
    }

    [Fact]
    public async Task A_file_that_is_no_PDF_fails_for_good_and_says_why()
    {
        _here.Open();
        await _here.EnqueueAsync(Announcing.Ai, [Announcing.Payload("BSE", _here.Here.Lines("broken.pdf", ["This is no PDF."]))]);
        var node = _here.Serve();
        await using var store = await _here.OpenAsync();
        await Workspace.UntilAsync(async () => (await Announcing.JobsAsync(store, Announcing.Ai))[0].EndedAt is not null, "it has ended");
        await _here.StopAsync(node);

        var job = (await Announcing.JobsAsync(store, Announcing.Ai))[0];
        (job.Status, job.Attempt).ShouldBe((JobStatus.Failed, 1));
        job.Error!.ShouldContain("pdftotext cannot read");
        (await Announcing.JobsAsync(store, Announcing.Upload)).ShouldBeEmpty();
    }

    private Task UntilReadingAsync(int readings) => Workspace.UntilAsync(() => _here.Readings().Count == readings, $"{readings} PDFs were begun\n{_here.Log}");

    private static async Task<int> AttemptsAtOnceAsync(IJobStore store, string queue)
    {
        var attempts = new List<(long From, long To)>();
        foreach (var job in await Announcing.JobsAsync(store, queue))
        {
            attempts.AddRange((await store.GetTimelinesAsync(job.Id))[0].Attempts.Select(static attempt => (attempt.ClaimedAt.Ticks, attempt.EndedAt!.Value.Ticks)));
        }
        return MostAtOnce(attempts);
    }

    /// <summary>The most that overlap; one that ends in the moment in which another begins does not.</summary>
    private static int MostAtOnce(IEnumerable<(long From, long To)> spans)
    {
        var all = spans.ToList();
        return all.Max(one => all.Count(other => other.From <= one.From && one.From < other.To));
    }
}
