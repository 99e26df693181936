using System.Text.Json;

namespace Fairlead.Cli.Tests;

/// <summary><c>fairlead run</c> in everyday use.</summary>
public sealed class RunTests : IDisposable
{
    private readonly Workspace _here = new();

    public void Dispose() => _here.Dispose();

    [Fact]
    public async Task Every_line_is_done_and_the_last_line_of_json_has_its_fixed_shape()
    {
        _here.Lines("items", Enumerable.Range(1, 20).Select(n => $"item {n}"));
        var ended = (await _here.RunAsync("run", "--name", "all", "--input", "items", "--concurrency", "3", "--json", "--", "sh", "-c", "echo \"$1\" >> done", "_", "{}")).With(0);
        var body = ended.Json();
        body.EnumerateObject().Select(property => property.Name).ShouldBe(
            ["name", "id", "status", "total_items", "success_count", "error_count", "timed_out_count", "elapsed_seconds", "bound_seconds"]);
        body.GetProperty("name").GetString().ShouldBe("all");
        body.GetProperty("status").GetString().ShouldBe("completed");
        body.GetProperty("success_count").GetInt64().ShouldBe(20);
        File.ReadAllLines(_here.File("done")).Order(StringComparer.Ordinal).ShouldBe(Enumerable.Range(1, 20).Select(n => $"item {n}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Failures_are_counted_named_and_answered_with_1()
    {
        _here.Lines("items", ["good", "bad", "slow"]);
        var ended = (await _here.RunAsync("run", "--name", "mixed", "--input", "items", "--concurrency", "3", "--timeout", "1s", "--kill-after", "200ms", "--json", "--",
            "sh", "-c", "case $1 in bad) echo broken >&2; exit 3;; slow) sleep 60;; esac", "_")).With(1);
        var body = ended.Json();
        body.GetProperty("success_count").GetInt64().ShouldBe(1);
        body.GetProperty("error_count").GetInt64().ShouldBe(2);
        body.GetProperty("timed_out_count").GetInt64().ShouldBe(1);
        ended.Saying("bad: exit code 3: broken", "slow: timed out");
        var results = (await _here.RunAsync("results", "mixed")).With(0).Output;
        results.Split('\n').Where(line => line.Length > 0).Select(line => string.Join(' ', line.Split('\t')[..2])).ShouldBe(["completed good", "failed bad", "timed_out slow"]);
        (await _here.RunAsync("results", "mixed", "--status", "failed")).Output.ShouldNotContain("good");
    }

    [Fact]
    public async Task The_line_is_argument_and_standard_input_and_output_is_shown_as_asked()
    {
        _here.Lines("items", ["one \"two\" {x} äß"]);
        var ended = (await _here.RunAsync("run", "--input", "items", "--output", "--", "sh", "-c", "echo \"arg:$1\"; sed s/^/in:/; echo 42", "_", "<{}>")).With(0);
        ended.Output.Split('\n').ShouldBe(["arg:<one \"two\" {x} äß>", "in:one \"two\" {x} äß", "42", ""]);
        var last = (await _here.RunAsync("run", "--input", "items", "--output", "--", "echo", "last")).With(0);
        last.Output.ShouldBe("last one \"two\" {x} äß\n");
    }

    [Fact]
    public async Task Empty_lines_are_left_out_and_windows_line_ends_are_no_part_of_the_line()
    {
        var ended = (await _here.RunWithInputAsync("\uFEFFa\r\n\r\nb\n\nc", "run", "--input", "-", "--output", "--concurrency", "1", "--", "printf", "[%s]\\n")).With(0);
        ended.Output.ShouldBe("[a]\n[b]\n[c]\n");
    }

    [Fact]
    public async Task A_result_that_is_json_is_kept()
    {
        _here.Lines("items", ["7"]);
        await _here.RunAsync("run", "--name", "r", "--input", "items", "--", "sh", "-c", "echo working; echo \"{\\\"n\\\":$1}\"", "_");
        var item = (await _here.RunAsync("results", "r", "--json")).With(0).Json().GetProperty("jobs")[0];
        item.GetProperty("result").GetProperty("n").GetInt32().ShouldBe(7);
        item.GetProperty("payload").GetString().ShouldBe("7");
        (await _here.RunAsync("logs", "r")).Output.ShouldContain("working");
    }

    [Fact]
    public async Task Retries_are_those_of_the_run()
    {
        _here.Lines("items", ["x"]);
        var ended = (await _here.RunAsync("run", "--name", "tries", "--input", "items", "--retries", "1", "--json", "--", "sh", "-c", "echo . >> tries; [ $(wc -l < tries) -ge 2 ]")).With(0);
        ended.Json().GetProperty("success_count").GetInt64().ShouldBe(1);
        _here.CountLines("tries").ShouldBe(2);
    }

    [Fact]
    public async Task A_finished_run_has_nothing_to_resume_and_its_name_may_be_used_again()
    {
        _here.Lines("items", ["x"]);
        (await _here.RunAsync("run", "--name", "n", "--input", "items", "--", "false")).With(1);
        (await _here.RunAsync("run", "--resume", "n")).With(1).Saying("has ended already");
        (await _here.RunAsync("run", "--name", "n", "--input", "items", "--", "true")).With(0);
        (await _here.RunAsync("run", "--resume", "n")).With(0).Saying("has ended already");
    }

    [Fact]
    public async Task Failed_items_run_again_after_retry_and_resume()
    {
        _here.Lines("items", ["a", "b"]);
        (await _here.RunAsync("run", "--name", "n", "--input", "items", "--concurrency", "1", "--", "sh", "-c", "echo $1 >> ran; [ $1 = a ] || [ -e good ]", "_")).With(1);
        File.WriteAllText(_here.File("good"), "");
        (await _here.RunAsync("retry", "n")).With(0).Saying("fairlead run --resume n");
        (await _here.RunAsync("run", "--resume", "n")).With(0);
        File.ReadAllLines(_here.File("ran")).ShouldBe(["a", "b", "b"]);
    }

    [Fact]
    public async Task Two_runs_share_a_queue_with_different_options_and_run_only_their_own_items()
    {
        _here.Lines("one", Enumerable.Range(0, 30).Select(n => $"{n}"));
        _here.Lines("two", Enumerable.Range(0, 30).Select(n => $"{n}"));
        var first = _here.Start("run", "--name", "one", "--queue", "shared", "--input", "one", "--timeout", "30s", "--kill-after", "2s", "--", "sh", "-c", "echo $1 >> one.ran", "_");
        var second = _here.Start("run", "--name", "two", "--queue", "shared", "--input", "two", "--retries", "2", "--", "sh", "-c", "echo $1 >> two.ran", "_");
        (await first.EndAsync()).With(0);
        (await second.EndAsync()).With(0);
        _here.CountLines("one.ran").ShouldBe(30);
        _here.CountLines("two.ran").ShouldBe(30);
    }

    [Fact]
    public async Task Explain_adds_up_to_the_whole()
    {
        _here.Lines("items", Enumerable.Range(0, 10).Select(n => $"{n}"));
        await _here.RunAsync("run", "--name", "e", "--input", "items", "--concurrency", "2", "--", "true");
        var body = (await _here.RunAsync("explain", "e", "--json")).With(0).Json();
        body.EnumerateObject().Select(property => property.Name).ShouldBe(
            ["wall_seconds", "job_seconds", "bound_seconds", "binding", "slots", "effective_slots", "causes", "holders", "advice"]);
        body.GetProperty("causes").EnumerateArray().Sum(cause => cause.GetProperty("job_share").GetDouble()).ShouldBe(1, 0.001);
        body.GetProperty("causes").EnumerateArray().Sum(cause => cause.GetProperty("wall_share").GetDouble()).ShouldBe(1, 0.001);
        body.GetProperty("causes")[0].EnumerateObject().Select(property => property.Name).ShouldBe(["cause", "key", "wall_seconds", "wall_share", "job_seconds", "job_share"]);
    }
}
