namespace Fairlead.Cli.Tests;

/// <summary>Schedules of a real file on a real node: run, triggered, paused, reloaded, gone on with by another node.</summary>
public sealed class ServedSchedulesTests : IDisposable
{
    private const string Job = "#!/bin/sh\nread -r line\necho \"$FAIRLEAD_QUEUE $line\" >> ran\n";
    private readonly Workspace _here = new();

    public void Dispose() => _here.Dispose();

    [Fact]
    public async Task A_schedule_runs_is_paused_triggered_and_resumed()
    {
        _here.Script("work", Job);
        Write("{ tick: { queue: q, every: 1s, payload: { source: loker } } }");
        var node = _here.Start("worker");
        await Workspace.UntilAsync(() => _here.CountLines("ran") >= 2, "two rounds");
        (await _here.RunAsync("schedules", "pause", "tick")).With(0).Output.Trim().ShouldBe("tick: paused");
        (await TickAsync()).GetProperty("paused").GetBoolean().ShouldBeTrue();
        await Workspace.UntilAsync(async () => (await TickAsync()).GetProperty("running").GetArrayLength() == 0, "what ran has ended");
        var before = (await TickAsync()).GetProperty("started").GetInt64();
        (await _here.RunAsync("schedules", "trigger", "tick")).With(0);
        await Workspace.UntilAsync(() => _here.CountLines("ran") == before + 1, "the triggered round");
        (await _here.RunAsync("schedules", "resume", "tick")).With(0);
        await Workspace.UntilAsync(() => _here.CountLines("ran") > before + 1, "rounds go on");
        (await _here.RunAsync("schedules", "tick", "--next", "3", "--json")).With(0).Json()[0].GetProperty("next").GetArrayLength().ShouldBe(3);
        (await _here.RunAsync("schedules", "trigger", "tik")).With(2).Saying("There is no schedule 'tik'; did you mean 'tick'?");
        node.Signal("TERM");
        (await node.EndAsync()).With(0).Saying("Schedules: tick", "[tick] started at");
        File.ReadLines(_here.File("ran")).ShouldAllBe(line => line == "q {\"source\":\"loker\"}");
    }

    [Fact]
    public async Task A_changed_file_adds_and_removes_schedules()
    {
        _here.Script("work", Job);
        Write("{ one: { queue: q, every: 1s, payload: one } }");
        var node = _here.Start("worker");
        await Workspace.UntilAsync(() => Ran("one") >= 1, "the first schedule");
        Write("{ two: { queue: q, every: 1s, payload: two } }");
        await Workspace.UntilAsync(() => Ran("two") >= 2, "the second schedule");
        var schedules = (await _here.RunAsync("schedules", "--json")).With(0).Json().EnumerateArray().ToDictionary(one => one.GetProperty("schedule").GetString()!, one => one.GetProperty("served").GetBoolean());
        schedules.ShouldBe(new Dictionary<string, bool> { ["one"] = false, ["two"] = true }, ignoreOrder: true);
        node.Signal("TERM");
        (await node.EndAsync()).With(0);
    }

    [Fact]
    public async Task Another_node_goes_on_when_one_is_killed_without_a_gap_or_a_double()
    {
        _here.Script("work", "#!/bin/sh\necho >> ran\n");
        Write("{ tick: { queue: q, every: 1s, overlap: queue } }");
        var first = _here.Start("worker", "--name", "first");
        await Workspace.UntilAsync(() => _here.CountLines("ran") >= 2, "two rounds");
        var second = _here.Start("worker", "--name", "second");
        first.Signal("KILL");
        await first.EndAsync();
        var before = (await TickAsync()).GetProperty("started").GetInt64();
        await Workspace.UntilAsync(async () => (await TickAsync()).GetProperty("started").GetInt64() >= before + 3, "three more rounds");
        (await _here.RunAsync("schedules", "pause", "tick")).With(0);
        var due = (await _here.RunAsync("jobs", "--queue", "q", "--limit", "1000", "--json")).With(0).Json().GetProperty("jobs").EnumerateArray()
            .Select(job => job.GetProperty("scheduled_for").GetDateTimeOffset()).Order().ToList();
        second.Signal("TERM");
        (await second.EndAsync()).With(0);

        due.Zip(due.Skip(1), (one, next) => next - one).ShouldAllBe(distance => distance == TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_cycle_gives_each_target_its_jobs_and_one_that_is_wrong_fails_alone()
    {
        _here.Script("work", Job);
        _here.Lines("accounts.jsonl", ["{\"account\":\"a\",\"workers\":[\"q\"]}", "{\"account\":\"b\",\"workers\":[\"q\",\"r\"]}", "{\"account\":\"c\",\"workers\":[\"x\"]}"]);
        Write("{ sync: { every: 1h, for_each: { file: accounts.jsonl }, queues: { from: /workers }, group: /account, max_groups: 2 } }");
        var node = _here.Start("worker");
        await Workspace.UntilAsync(async () => (await _here.RunAsync("cycles", "sync", "--json")).Output is { Length: > 0 } text && text.Contains("\"ended_at\"", StringComparison.Ordinal), "the cycle has ended");
        var cycle = (await _here.RunAsync("cycles", "--json")).With(0).Json()[0];
        (cycle.GetProperty("targets").GetInt64(), cycle.GetProperty("completed").GetInt64(), cycle.GetProperty("failed").GetInt64()).ShouldBe((3, 2, 1));
        (await _here.RunAsync("job", $"{cycle.GetProperty("job").GetInt64()}", "--json")).With(0).Json().GetProperty("total_items").GetInt64().ShouldBe(3);
        (await _here.RunAsync("status")).With(0).Output.ShouldNotContain("fairlead.");
        node.Signal("TERM");
        (await node.EndAsync()).With(0);
        File.ReadLines(_here.File("ran")).Select(line => line[..1]).Order().ShouldBe(["q", "q", "r"]);
    }

    private async Task<System.Text.Json.JsonElement> TickAsync() => (await _here.RunAsync("schedules", "tick", "--json")).With(0).Json()[0];

    private int Ran(string payload) => File.Exists(_here.File("ran")) ? File.ReadLines(_here.File("ran")).Count(line => line.Contains(payload, StringComparison.Ordinal)) : 0;

    private void Write(string schedules) => File.WriteAllText(_here.File("fairlead.yaml"), $"store: sqlite:./fairlead.db\nqueues: {{ q: {{ run: [./work] }}, r: {{ run: [./work] }} }}\nschedules: {schedules}\n");
}
