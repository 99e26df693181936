using System.Runtime.InteropServices;

namespace Fairlead.OwnProcess.Tests;

/// <summary>A process of a queue, over plain pipes: what it makes of the program, and how it speaks.</summary>
public sealed partial class ChildTests
{
    [Theory, InlineData("host"), InlineData("classic"), InlineData("web"), InlineData("late"), InlineData("hand")]
    public async Task Main_builds_its_host_and_nothing_of_it_starts(string shape)
    {
        await using var child = Child.Start(shape);
        child.Give(5, "echo", "hi", ""","attempt":2,"fence":7,"node":3,"group":"acme","parent":4""");

        var done = await child.TextAsync();
        done.ShouldBe($$$"""{"done":5,"result":{"text":"hi","pid":{{{child.Id}}},"group":"acme","parent":4,"attempt":2,"fence":7}}""");

        var (lines, error, code) = await child.EndAsync();
        lines.ShouldBeEmpty();
        code.ShouldBe(0);
        error.ShouldBe("Main prints this before it builds anything.\n");
    }

    [Fact]
    public async Task A_program_built_without_start_up_hooks_is_taken_over_as_well()
    {
        await using var child = Child.Start(hook: false);
        child.Give(1, "noop");
        (await child.Process.StandardOutput.ReadLineAsync()).ShouldBe("Main prints this before it builds anything.");
        (await child.TextAsync()).ShouldBe("""{"done":1}""");
        (await child.EndAsync()).Error.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("without", "own", "Main ended. Expected: ")]
    [InlineData("throws", "own", "Main threw System.InvalidOperationException: no configuration today Expected: ")]
    [InlineData("host", "here", "the queues with RunInOwnProcess here are: own. Expected: ")]
    [InlineData("hand", "other", "the queues with RunInOwnProcess here are: own. Expected: ")]
    public async Task A_program_that_does_not_come_to_it_says_what_was_expected(string shape, string queue, string what)
    {
        await using var child = Child.Start(shape, queue);
        var (lines, error, code) = await child.EndAsync(closeInput: false);
        code.ShouldBe(78);
        lines.ShouldBeEmpty();
        error.TrimEnd().Split('\n')[^1].ShouldStartWith($"fairlead: process of queue '{queue}' (RunInOwnProcess): {what}");
    }

    [Fact]
    public async Task What_it_prints_and_reads_is_kept_out_of_the_conversation()
    {
        await using var child = Child.Start();
        child.Give(1, "prints");
        child.Give(2, "reads");
        (await child.TextAsync()).ShouldBe("""{"done":1}""");
        (await child.TextAsync()).ShouldBe("""{"done":2,"result":""}""");
        var (_, error, _) = await child.EndAsync();
        error.ShouldContain("a lie");
        error.ShouldContain("another lie");
    }

    [Fact]
    public async Task What_is_logged_is_told_once_with_its_level()
    {
        await using var child = Child.Start();
        child.Give(1, "logs", "done");
        (await child.TextAsync()).ShouldBe("""{"log":1,"message":"before logs"}""");
        (await child.TextAsync()).ShouldBe("""{"log":1,"message":"half done","level":"warning"}""");
        (await child.TextAsync()).ShouldBe("""{"log":1,"message":"all\nSystem.IO.InvalidDataException: inner","level":"error"}""");
        (await child.TextAsync()).ShouldBe("""{"done":1}""");
        (await child.EndAsync()).Error.ShouldNotContain("half done");
    }

    [Fact]
    public async Task Progress_and_further_jobs_come_before_the_end()
    {
        await using var child = Child.Start();
        child.Give(1, "chain", "two\nlines");
        (await child.TextAsync()).ShouldBe("""{"progress":1,"processed":1,"total":3}""");
        (await child.TextAsync()).ShouldBe("""{"progress":1,"processed":3,"total":3}""");
        (await child.TextAsync()).ShouldBe("""{"enqueue":1,"queue":"next","kind":"noop","version":1,"delay":1.5,"timeout":9,"priority":5,"group":"g","unique":"u","retries":2,"after":[4],"then":{"queue":"own","kind":"echo","version":1},"payload":{"text":"two\nlines"}}""");
        (await child.TextAsync()).ShouldBe("""{"done":1,"result":{"text":"two\nlines"}}""");
    }

    [Fact]
    public async Task Failures_and_deferrals_are_told_as_they_are()
    {
        await using var child = Child.Start();
        child.Give(1, "fails", "later");
        child.Give(2, "fails", "never");
        child.Give(3, "fails", "oh no");
        child.Give(4, "nobody knows it");
        child.Give(5, "big", "200000");
        (await child.TextAsync()).ShouldBe("""{"defer":1,"seconds":7,"reason":"too early"}""");
        (await child.TextAsync()).ShouldBe("""{"failed":2,"error":"no use","retry":false}""");
        var failed = await child.LineAsync();
        failed.GetProperty("error").GetString().ShouldStartWith("System.IO.InvalidDataException: oh no");
        failed.GetProperty("retry").GetBoolean().ShouldBeTrue();
        (await child.TextAsync()).ShouldBe("""{"failed":4,"error":"This program has no handler for 'nobody knows it'.","retry":true}""");
        var big = await child.LineAsync();
        big.GetProperty("error").GetString()!.ShouldStartWith("Its result has 200,002 bytes; queue 'own' takes at most 100,000.");
        big.GetProperty("retry").GetBoolean().ShouldBeFalse();
    }

    [Fact]
    public async Task Jobs_are_worked_at_one_after_the_other_and_each_can_be_cancelled()
    {
        await using var child = Child.Start();
        child.Give(1, "waits");
        child.Give(2, "waits");
        child.Give(3, "noop");
        (await child.TextAsync()).ShouldBe("""{"log":1,"message":"waiting"}""");
        child.Say("""{"cancel":2}""");
        child.Say("""{"cancel":99}""");
        child.Say("""{"cancel":1}""");
        (await child.TextAsync()).ShouldBe("""{"failed":1,"error":"It was asked to stop, and did.","retry":true}""");
        (await child.TextAsync()).ShouldBe("""{"failed":2,"error":"It was asked to stop, and did.","retry":true}""");
        (await child.TextAsync()).ShouldBe("""{"done":3}""");
    }

    [Fact]
    public async Task Rubbish_and_what_is_not_known_change_nothing()
    {
        await using var child = Child.Start();
        child.Say("rubbish");
        child.Say("""{"job":1}""");
        child.Say("""{"job":2,"queue":3}""");
        child.Say("""{"news":[1,{"of":"the future"}]}""");
        child.Give(4, "noop", more: ""","unknown":{"a":[1,2]}""");
        (await child.TextAsync()).ShouldBe("""{"done":4}""");
        (await child.EndAsync()).Error.Split('\n').Count(static line => line.StartsWith("fairlead: a line of the host was not understood", StringComparison.Ordinal)).ShouldBe(3);
    }

    [Fact]
    public async Task Large_payloads_and_results_pass()
    {
        await using var child = Child.Start();
        var text = new string('ä', 1_000_000);
        child.Give(1, "noop", text);
        child.Give(2, "echo", text[..10_000]);
        (await child.TextAsync()).ShouldBe("""{"done":1}""");
        (await child.LineAsync()).GetProperty("result").GetProperty("text").GetString().ShouldBe(text[..10_000]);
    }

    [Fact]
    public async Task When_its_input_ends_it_finishes_what_it_has()
    {
        await using var child = Child.Start();
        for (var i = 1; i <= 500; i++)
        {
            child.Give(i, "noop");
        }
        var (lines, _, code) = await child.EndAsync();
        lines.ShouldBe(Enumerable.Range(1, 500).Select(static i => $$"""{"done":{{i}}}"""));
        code.ShouldBe(0);
    }

    [Fact]
    public async Task When_nobody_hears_it_any_more_it_stops_what_it_has()
    {
        await using var child = Child.Start();
        child.Give(1, "waits");
        await child.TextAsync();
        child.Process.StandardInput.Close();
        child.Process.StandardOutput.Close();
        await child.Process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        child.Process.ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Asked_to_end_it_stops_what_runs_and_gives_back_what_waits()
    {
        await using var child = Child.Start();
        child.Give(1, "waits");
        child.Give(2, "noop");
        await child.TextAsync();
        Kill(child.Id, 15).ShouldBe(0);
        (await child.TextAsync()).ShouldBe("""{"failed":1,"error":"Its process was asked to end.","retry":true}""");
        (await child.TextAsync()).ShouldBe("""{"defer":2,"seconds":0,"reason":"Its process was asked to end."}""");
        var (_, _, code) = await child.EndAsync(closeInput: false);
        code.ShouldBe(0);
    }

    [Fact]
    public async Task The_memory_of_another_process_is_out_of_reach_and_says_so()
    {
        await using var child = Child.Start();
        child.Give(1, "enqueues");
        child.Give(2, "permit", more: ""","node":1""");
        (await child.LineAsync()).GetProperty("error").GetString()!.ShouldContain("Use a store that processes share");
        child.Give(3, "once");
        (await child.TextAsync()).ShouldBe("""{"waits":2}""");
        (await child.TextAsync()).ShouldBe("""{"works":2}""");
        (await child.LineAsync()).GetProperty("error").GetString()!.ShouldContain("Use a store that processes share");
        (await child.LineAsync()).GetProperty("error").GetString()!.ShouldContain("Use a store that processes share");
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
