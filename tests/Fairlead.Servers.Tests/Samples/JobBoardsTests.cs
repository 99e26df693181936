using System.Text.Json;
using Fairlead.Cli.Tests;
using Fairlead.Samples.Upstreams;
using Fairlead.Sqlite;
using Fairlead.Storage;
using Microsoft.Data.Sqlite;

namespace Fairlead.Servers.Tests.Samples;

/// <summary>The sample in samples/job-boards as it stands, served by the real program against boards over HTTP; only its hours are seconds.</summary>
public sealed class JobBoardsTests : IAsyncLifetime
{
    private const int Most = 60;
    private readonly Workspace _here = new();
    private readonly JobBoards _boards = new(TimeProvider.System, atFirst: 25, atMost: Most, every: TimeSpan.FromMilliseconds(150));
    private UpstreamServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        var behaviour = new Behaviour { Latency = TimeSpan.FromMilliseconds(30), Jitter = TimeSpan.FromMilliseconds(20) };
        _server = await UpstreamServer.StartAsync(_boards, TimeProvider.System, behaviour);
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "samples", "job-boards")))
        {
            File.Copy(file, _here.File(Path.GetFileName(file)));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _here.Dispose();
    }

    [Fact]
    public async Task Each_board_runs_on_its_own_schedule_and_every_listing_is_added_once()
    {
        Break("glints", true);
        var node = Serve("fairlead.yaml", "LOKER__EVERY=1s", "JOBSTREET__EVERY=2s", "GLINTS__EVERY=1s");
        await UntilSaidAsync("[glints] failed after", 1);
        Rounds("loker").ShouldBeGreaterThan(0, "the broken board takes its time to give up, and held up nobody");
        await UntilSaidAsync("[loker] completed in", Rounds("loker") + 2);
        await UntilSaidAsync("[jobstreet] completed in", 2);
        Break("glints", false);
        await Workspace.UntilAsync(() => _boards.Listings == Most && JobBoards.Names.All(board => Added(board) == Most), $"every listing is in the table: {string.Join(", ", JobBoards.Names.Select(Added))}; {Log}");
        foreach (var board in JobBoards.Names)
        {
            await UntilSaidAsync($"[{board}] completed in", Rounds(board) + 1);
            Added(board).ShouldBe(Most, board);
        }
        Log.ShouldMatch(@"\[loker\] completed in \d+\.\d s: added \d+ new jobs");
        Log.ShouldMatch(@"\[loker\] next run in \d\.\d seconds at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d");
        node.Signal("TERM");
        (await node.EndAsync()).With(0);
        await ResultsComeOutEvenAsync();
    }

    [Fact]
    public async Task In_sequential_mode_one_board_follows_the_other()
    {
        var node = Serve("sequential.yaml", "BOARDS__EVERY=1h");
        await UntilSaidAsync("[boards] completed in", 1);
        var visits = _boards.Visits;
        visits.Where((board, i) => i == 0 || visits[i - 1] != board).ShouldBe(JobBoards.Names);
        node.Signal("TERM");
        (await node.EndAsync()).With(0);
        Log.ShouldMatch(@"\[boards\] next run in (60\.0|59\.9) minutes at ");
    }

    private string Log => File.Exists(_here.File("serve.log")) ? File.ReadAllText(_here.File("serve.log")) : "";

    private RunningProgram Serve(string file, params string[] schedules) => _here.StartTool(
        "env",
        [
            .. schedules.Select(static each => $"FAIRLEAD__SCHEDULES__{each}"),
            "FAIRLEAD__QUEUES__SCRAPE__BACKOFF__FIRST=100ms", "FAIRLEAD__QUEUES__SCRAPE__BACKOFF__MAX=200ms",
            "FAIRLEAD__HTTP__URL=http://127.0.0.1:0", $"BOARDS={_server.Address}",
            "sh", "-c", $"exec \"$FAIRLEAD_PROGRAM\" serve --config {file} 2>> serve.log",
        ]);

    private void Break(string board, bool down) => _server.Ask(UpstreamCall.To($"/{board}/down?on={(down ? 1 : 0)}"));

    private int Rounds(string board) => Log.Split($"[{board}] completed in").Length - 1;

    private Task UntilSaidAsync(string words, int times) => Workspace.UntilAsync(() => Log.Split(words).Length > times, $"\"{words}\" {times} times");

    private int Added(string board)
    {
        if (!File.Exists(_here.File("listings.db")))
        {
            return 0;
        }
        using var table = new SqliteConnection($"Data Source={_here.File("listings.db")};Pooling=false");
        table.Open();
        using var count = table.CreateCommand();
        count.CommandText = "SELECT count(*) FROM sqlite_master WHERE name = 'jobs'";
        if ((long)count.ExecuteScalar()! == 0)
        {
            return 0;
        }
        count.CommandText = "SELECT count(DISTINCT source_id) FROM jobs WHERE job_source = $board";
        count.Parameters.AddWithValue("$board", board);
        return (int)(long)count.ExecuteScalar()!;
    }

    /// <summary>What the rounds say they added is what is in the table, and the constraint was never needed.</summary>
    private async Task ResultsComeOutEvenAsync()
    {
        await using var store = new SqliteJobStore(_here.File("fairlead.db"), TimeProvider.System);
        await store.OpenAsync();
        var rounds = (await store.ListJobsAsync(new JobQuery { Queue = "scrape", Status = JobStatus.Completed, Limit = 1000 })).Jobs;
        var results = rounds.Select(static job => JsonDocument.Parse(job.Result).RootElement).ToList();
        results.Sum(static result => result.GetProperty("caught_by_constraint").GetInt32()).ShouldBe(0);
        results.Sum(static result => result.GetProperty("seen").GetInt32()).ShouldBeGreaterThan(3 * Most, "listings were met again and again");
    }
}
