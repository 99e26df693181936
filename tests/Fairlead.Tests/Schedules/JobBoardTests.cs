using Fairlead.Policies;
using Fairlead.Schedules;
using Fairlead.Storage;
using Fairlead.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fairlead.Tests.Schedules;

/// <summary>Three job boards that take 30, 105 and 120 minutes, each on its own schedule with 60 minutes: the tables of the seed.</summary>
public sealed class JobBoardTests
{
    private static readonly (string Name, double Minutes, int Added)[] Boards = [("loker", 30, 45), ("glints", 105, 32), ("jobstreet", 120, 78)];

    [Fact]
    public async Task From_finish_each_board_starts_an_hour_after_its_own_end()
    {
        await using var scene = new Scene(Schedule.After(TimeSpan.FromMinutes(60)));

        await scene.Harness.RunForAsync(TimeSpan.FromMinutes(181));

        scene.Table.Where(static row => row.Minute <= 180).ShouldBe(
        [
            (0, "loker starts"), (0, "glints starts"), (0, "jobstreet starts"),
            (30, "loker ends"),
            (90, "loker starts"),
            (105, "glints ends"),
            (120, "loker ends"), (120, "jobstreet ends"),
            (165, "glints starts"),
            (180, "loker starts"), (180, "jobstreet starts"),
        ], ignoreOrder: true);
    }

    [Fact]
    public async Task From_start_each_board_starts_at_its_own_full_hours_unless_it_still_runs()
    {
        await using var scene = new Scene(Schedule.Every(TimeSpan.FromMinutes(60)));

        await scene.Harness.RunForAsync(TimeSpan.FromMinutes(301));

        scene.StartsOf("loker").ShouldBe([0, 60, 120, 180, 240, 300]);
        scene.StartsOf("glints").ShouldBe([0, 120, 240]);
        // Its end is known when its next time comes, in the same minute.
        scene.StartsOf("jobstreet").ShouldBe([0, 120, 240]);
    }

    [Fact]
    public async Task Each_board_logs_its_rounds_and_its_next_run()
    {
        await using var scene = new Scene(Schedule.After(TimeSpan.FromMinutes(60)));

        await scene.Harness.RunForAsync(TimeSpan.FromMinutes(100));

        scene.Log.Of("loker").ShouldBe(
        [
            "[loker] started at 2025-11-15 16:00:00",
            "[loker] completed in 30.0 min: added 45 new jobs",
            "[loker] next run in 60.0 minutes at 2025-11-15 17:30:00",
            "[loker] started at 2025-11-15 17:30:00",
        ]);
    }

    [Fact]
    public async Task From_start_quick_boards_log_what_the_seed_logged()
    {
        await using var scene = new Scene(Schedule.Every(TimeSpan.FromMinutes(60)), speed: 10_000);

        await scene.Harness.RunForAsync(TimeSpan.FromMinutes(1));

        scene.Log.Lines.Where(static line => line.Contains("next run", StringComparison.Ordinal)).ShouldBe(
            Boards.Select(static board => $"[{board.Name}] next run in 60.0 minutes at 2025-11-15 17:00:00"), ignoreOrder: true);
    }

    [Fact]
    public async Task A_round_that_fails_says_so_and_stops_nothing()
    {
        await using var scene = new Scene(Schedule.After(TimeSpan.FromMinutes(60)), fails: "glints");

        await scene.Harness.RunForAsync(TimeSpan.FromMinutes(400));

        scene.Log.Of("glints").Take(4).ShouldBe(
        [
            "[glints] started at 2025-11-15 16:00:00",
            "[glints] failed after 105.0 min: glints is down",
            "[glints] next run in 60.0 minutes at 2025-11-15 18:45:00",
            "[glints] started at 2025-11-15 18:45:00",
        ]);
        scene.StartsOf("loker").ShouldBe([0, 90, 180, 270, 360]);
    }

    [Fact]
    public async Task An_operator_triggers_pauses_and_resumes()
    {
        await using var scene = new Scene(Schedule.After(TimeSpan.FromMinutes(60)));
        await scene.Harness.RunForAsync(TimeSpan.FromMinutes(10));
        var jobs = scene.Harness.Jobs;

        var running = (await jobs.ListSchedulesAsync()).Single(static schedule => schedule.Definition.Name == "loker").State.Open.ShouldHaveSingleItem().Job;
        (await Should.ThrowAsync<InvalidOperationException>(async () => await jobs.TriggerAsync("loker"))).Message.ShouldContain($"its round {running} still runs");
        (await Should.ThrowAsync<KeyNotFoundException>(async () => await jobs.TriggerAsync("lokre"))).Message.ShouldContain("did you mean 'loker'?");

        await jobs.PauseScheduleAsync("loker");
        await scene.Harness.RunForAsync(TimeSpan.FromMinutes(190));
        scene.StartsOf("loker").ShouldBe([0]);
        scene.Log.Of("loker").Last().ShouldBe("[loker] is paused: it has no next run until it is resumed");
        (await jobs.TriggerAsync("loker")).ShouldNotBeNull();
        await scene.Harness.RunForAsync(TimeSpan.FromMinutes(40));
        await jobs.ResumeScheduleAsync("loker");
        await scene.Harness.RunForAsync(TimeSpan.FromMinutes(61));

        // By hand after 200 minutes; resumed after 240, when the time that was planned before the pause has passed.
        scene.StartsOf("loker").ShouldBe([0, 200, 240]);
    }

    private sealed class Scene : IAsyncDisposable
    {
        private static readonly DateTimeOffset Began = new(2025, 11, 15, 16, 0, 0, TimeSpan.Zero);

        public Scene(Recurrence when, double speed = 1, string? fails = null)
        {
            Harness = new FairleadHarness(
                f =>
                {
                    f.AddQueue("scrape", static queue => queue.Retries = 0);
                    f.AddJob("scrape", async (Board board, TimeProvider time, CancellationToken stop) =>
                    {
                        Note($"{board.Name} starts");
                        await Task.Delay(TimeSpan.FromMinutes(board.Minutes), time, stop);
                        Note($"{board.Name} ends");
                        return board.Name == fails ? throw new JobFailedException($"{board.Name} is down") : new Found(board.Added);
                    }, "scrape");
                    foreach (var (name, minutes, added) in Boards)
                    {
                        f.AddSchedule(name, when, new Board(name, minutes / speed, added));
                    }
                },
                services => services.AddSingleton<ILoggerProvider>(Log),
                start: Began);
        }

        public FairleadHarness Harness { get; }

        public KeptLog Log { get; } = new();

        public List<(int Minute, string What)> Table { get; } = [];

        public IEnumerable<int> StartsOf(string board) => Table.Where(row => row.What == $"{board} starts").Select(static row => row.Minute);

        public ValueTask DisposeAsync() => Harness.DisposeAsync();

        private void Note(string what) => Table.Add(((int)(Harness.Time.Now - Began).TotalMinutes, what));
    }

    public sealed record Board(string Name, double Minutes, int Added);

    public sealed record Found(int Added);
}
