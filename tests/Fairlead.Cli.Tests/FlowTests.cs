using System.Text.Json;

namespace Fairlead.Cli.Tests;

/// <summary>Limits, groups and breakers of <c>fairlead run</c>, and the commands that show and change them.</summary>
public sealed class FlowTests : IDisposable
{
    private readonly Workspace _here = new();

    public void Dispose() => _here.Dispose();

    [Fact]
    public async Task Two_runs_share_a_limit_and_a_permit_is_taken_for_each_attempt()
    {
        _here.Lines("items", Enumerable.Range(0, 10).Select(n => $"{n}"));
        string[] rest = ["--input", "items", "--concurrency", "4", "--limit", "api=20/s", "--", "sh", "-c", "date +%s%N >> started"];
        var runs = new[] { _here.Start(["run", "--name", "one", .. rest]), _here.Start(["run", "--name", "two", .. rest]) };
        foreach (var run in runs)
        {
            (await run.EndAsync()).With(0);
        }

        var started = File.ReadAllLines(_here.File("started")).Select(long.Parse).Order().ToList();
        started.Count.ShouldBe(20);
        ((started[^1] - started[0]) / 1e9).ShouldBeGreaterThan(19 * 0.05 - 0.15, "twenty permits lie 50 ms apart, whoever takes them");
        var limit = await OneAsync("limits");
        limit.GetProperty("limit").GetString().ShouldBe("api");
        limit.GetProperty("granted").GetInt64().ShouldBe(20);
        limit.GetProperty("declared").GetProperty("rate").GetString().ShouldBe("20/s");
        (await _here.RunAsync("explain", "one")).With(0).Output.ShouldContain("waiting for a permit of 'api'");
    }

    [Fact]
    public async Task A_resumed_run_keeps_its_limit_its_groups_and_its_breaker()
    {
        _here.Lines("items", Enumerable.Range(0, 6).Select(n => $"g{n % 2} {n}"));
        var first = _here.Start("run", "--name", "r", "--input", "items", "--limit", "api=4/s", "--group-by", "^g.", "--group-concurrency", "1", "--breaker", "failures=3", "--", "sh", "-c", "echo $1 >> ran", "_");
        await Workspace.UntilAsync(() => _here.CountLines("ran") >= 2, "two items ran");
        first.Signal("KILL");
        (await _here.RunAsync("run", "--resume", "r")).With(0);

        (await OneAsync("limits")).GetProperty("granted").GetInt64().ShouldBeGreaterThanOrEqualTo(6);
        (await ManyAsync("groups", "run:r")).Select(group => group.GetProperty("group").GetString()).Order(StringComparer.Ordinal).ShouldBe(["g0", "g1"]);
        (await _here.RunAsync("run", "--name", "r", "--input", "items", "--", "true")).With(0).Output.ShouldBe("");
        (await OneAsync("limits")).GetProperty("granted").GetInt64().ShouldBeLessThanOrEqualTo(8, "a new run of that name has no limit of the old one");
    }

    [Fact]
    public async Task A_group_never_runs_more_at_once_than_it_may_and_a_late_one_does_not_wait_for_the_first()
    {
        _here.Lines("items", [.. Enumerable.Range(0, 12).Select(n => $"big {n}"), "small 1"]);
        (await _here.RunAsync("run", "--name", "g", "--input", "items", "--concurrency", "4", "--group-by", "^(\\w+) ", "--group-concurrency", "1", "--",
            "sh", "-c", "g=${1%% *}; mkdir lock.$g || echo $1 >> overlaps; sleep 0.05; rmdir lock.$g; echo $1 >> done", "_")).With(0);

        File.Exists(_here.File("overlaps")).ShouldBeFalse();
        File.ReadAllLines(_here.File("done")).ToList().IndexOf("small 1").ShouldBeLessThan(4);
    }

    [Fact]
    public async Task A_dead_group_is_quarantined_the_others_finish_and_closing_the_breaker_lets_it_go_on()
    {
        _here.Lines("items", [.. Enumerable.Range(0, 4).Select(n => $"dead {n}"), .. Enumerable.Range(0, 4).Select(n => $"well {n}")]);
        var run = _here.Start("run", "--name", "b", "--queue", "q", "--input", "items", "--concurrency", "1", "--group-by", "^\\w+", "--breaker", "failures=2,open_for=1h", "--",
            "sh", "-c", "echo $1 >> ran; [ -e good ] || case $1 in dead*) exit 1;; esac", "_");
        await Workspace.UntilAsync(() => _here.CountLines("ran") == 6, "two dead ones and four well ones ran");
        await Workspace.UntilAsync(async () => (await ManyAsync("breakers")).Any(breaker => breaker.GetProperty("state").GetString() == "open"), "the breaker is open");

        var breaker = await OneAsync("breakers");
        breaker.GetProperty("key").GetString().ShouldBe("q/dead");
        breaker.GetProperty("waiting").GetInt64().ShouldBe(2);
        breaker.GetProperty("open_until").GetDateTimeOffset().ShouldBeGreaterThan(TimeProvider.System.GetUtcNow());
        var waiting = (await _here.RunAsync("results", "b", "--json")).With(0).Json().GetProperty("jobs").EnumerateArray().First(job => job.GetProperty("status").GetString() == "queued");
        waiting.GetProperty("reason").GetProperty("code").GetString().ShouldBe("breaker");
        (await _here.RunAsync("job", $"{waiting.GetProperty("id")}")).With(0).Output.ShouldContain("breaker q/dead until");

        File.WriteAllText(_here.File("good"), "");
        (await _here.RunAsync("breakers", "close", "q/dead")).With(0).Output.ShouldBe("q/dead: closed\n");
        (await run.EndAsync()).With(1).Saying("2 failed");
        File.ReadAllLines(_here.File("ran")).Length.ShouldBe(8);
    }

    [Fact]
    public async Task A_limit_is_changed_while_everything_runs_and_reset()
    {
        _here.Lines("items", ["a", "b", "c"]);
        var run = _here.Start("run", "--name", "slow", "--input", "items", "--limit", "api=1/h", "--limit", "seats=concurrent:1", "--", "sh", "-c", "echo . >> ran");
        await Workspace.UntilAsync(() => _here.CountLines("ran") == 1, "the first permit was used");
        await Workspace.UntilAsync(async () => (await _here.RunAsync("jobs", "--batch", "slow")).Output.Contains("queued", StringComparison.Ordinal), "the others wait");
        (await _here.RunAsync("limits", "set", "api", "100/s")).With(0).Output.ShouldBe("api: 100/s (declared: 1/h)\n");
        (await run.EndAsync()).With(0);

        var api = (await ManyAsync("limits")).Single(limit => limit.GetProperty("limit").GetString() == "api");
        api.GetProperty("changed").GetBoolean().ShouldBeTrue();
        api.GetProperty("in_force").GetProperty("rate").GetString().ShouldBe("100/s");
        api.GetProperty("history")[0].GetProperty("cause").GetString().ShouldBe("operator");
        (await _here.RunAsync("limits")).With(0).Output.ShouldContain("seats\t-\t1 at once\tas declared");
        (await _here.RunAsync("limits", "reset", "api")).With(0).Output.ShouldBe("api: 1/h\n");
        (await _here.RunAsync("limits", "set", "apo", "1/s")).With(2).Saying("There is no limit 'apo'; did you mean 'api'? Known: api, seats.");
        (await _here.RunAsync("limits", "set", "api", "concurrent:3")).With(2).Saying("a rate stays a rate").Errors.ShouldNotContain("Parameter");
        (await _here.RunAsync("limits", "set", "api", "3")).With(2).Saying("expected a rate such as 8/s");
    }

    [Fact]
    public async Task A_paused_group_waits_and_says_so_and_goes_on()
    {
        _here.Lines("items", ["a 1", "b 1"]);
        (await _here.RunAsync("enqueue", "q")).With(0);
        (await _here.RunAsync("groups", "pause", "q", "a")).With(0).Saying("has no work of a group 'a' now").Output.ShouldBe("q/a: paused\n");
        var run = _here.Start("run", "--name", "p", "--queue", "q", "--input", "items", "--group-by", "^.", "--", "sh", "-c", "echo $1 >> ran", "_");
        await Workspace.UntilAsync(() => _here.CountLines("ran") == 1, "the other group ran");

        var paused = (await ManyAsync("groups", "q")).Single(group => group.GetProperty("group").GetString() == "a");
        paused.GetProperty("paused").GetBoolean().ShouldBeTrue();
        paused.GetProperty("ready").GetInt64().ShouldBe(1);
        paused.GetProperty("reason").GetProperty("code").GetString().ShouldBe("paused");
        (await _here.RunAsync("groups")).With(0).Output.ShouldContain("q\ta\t1\t1\t0");
        (await _here.RunAsync("groups", "resume", "q", "a")).With(0);
        (await run.EndAsync()).With(0);
        File.ReadAllLines(_here.File("ran")).ShouldBe(["b 1", "a 1"]);
        (await _here.RunAsync("groups", "p")).With(2).Saying("There is no queue 'p'");
        (await _here.RunAsync("groups", "pause", "qq", "a")).With(2).Saying("There is no queue 'qq'; did you mean 'q'?");
    }

    [Fact]
    public async Task A_breaker_is_opened_by_hand_and_unknown_ones_are_named()
    {
        (await _here.RunAsync("enqueue", "q", "--group", "a")).With(0);
        (await _here.RunAsync("breakers", "open", "q/a")).With(0).Output.ShouldBe("q/a: open until fairlead breakers close q/a\n");
        (await OneAsync("breakers")).GetProperty("by_hand").GetBoolean().ShouldBeTrue();
        (await _here.RunAsync("breakers")).With(0).Output.ShouldBe("q/a\topen\tclosed by hand\t0\t1\n");
        (await _here.RunAsync("breakers", "open", "q/a", "--for", "5m")).With(0).Output.ShouldBe("q/a: open for 5m\n");
        (await OneAsync("breakers")).GetProperty("by_hand").GetBoolean().ShouldBeFalse();
        (await _here.RunAsync("breakers", "close", "q/a")).With(0);
        (await _here.RunAsync("breakers", "close", "q/b")).With(2).Saying("There is no breaker 'q/b'");
        (await _here.RunAsync("breakers", "open", "qq")).With(2).Saying("There is no breaker 'qq'; did you mean 'q'?");
    }

    [Fact]
    public async Task Whoever_asks_for_something_else_than_a_live_run_is_refused_before_anything_is_enqueued()
    {
        _here.Lines("items", ["a"]);
        var first = _here.Start("run", "--name", "first", "--queue", "shared", "--input", "items", "--limit", "api=20/s", "--group-by", ".", "--group-concurrency", "1", "--", "sh", "-c", "echo . > runs; sleep 60");
        await Workspace.UntilAsync(() => File.Exists(_here.File("runs")), "the first run works");

        (await _here.RunAsync("run", "--queue", "shared", "--input", "items", "--group-by", ".", "--group-concurrency", "2", "--", "true")).With(2)
            .Saying("Queue 'shared' is held by node", "limits api, group concurrency 1, breaker none; this run asks for limits api, group concurrency 2", "Nothing was enqueued");
        (await _here.RunAsync("run", "--input", "items", "--limit", "api=5/s", "--", "true")).With(2).Saying("Limit 'api' is held by node", "as 20/s", "5/s");
        (await _here.RunAsync("jobs", "--batches")).With(0).Output.Trim().Split('\n').Length.ShouldBe(1);

        (await _here.RunAsync("run", "--name", "joins", "--queue", "shared", "--input", "items", "--limit", "api=20/s", "--", "true")).With(0);
        first.Signal("KILL");
        await first.EndAsync();
        (await _here.RunAsync("run", "--name", "later", "--queue", "shared", "--input", "items", "--limit", "api=5/s", "--group-by", "^x", "--group-concurrency", "2", "--", "true")).With(0);
    }

    private async Task<JsonElement[]> ManyAsync(params string[] command) => [.. (await _here.RunAsync([.. command, "--json"])).With(0).Json().EnumerateArray()];

    private async Task<JsonElement> OneAsync(params string[] command) => (await ManyAsync(command)).ShouldHaveSingleItem();
}
