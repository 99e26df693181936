namespace Fairlead.Cli.Tests;

/// <summary>Other processes look into a run and steer it while it goes on.</summary>
public sealed class ControlTests : IDisposable
{
    private readonly Workspace _here = new();

    public ControlTests()
    {
        _here.Lines("items", Enumerable.Range(0, 8).Select(n => $"{n}"));
        _here.Script("work", "#!/bin/sh\necho $1 >> began\necho \"working on $1\"\nwhile [ ! -e go ]; do sleep 0.05; done\n");
    }

    private RunningProgram StartRun() => _here.Start("run", "--name", "n", "--queue", "work", "--input", "items", "--concurrency", "2", "--json", "--", "./work");

    private Task BeganAsync(int count) => Workspace.UntilAsync(() => _here.CountLines("began") >= count, $"{count} items began");

    private void Go() => File.WriteAllText(_here.File("go"), "");

    public void Dispose() => _here.Dispose();

    [Fact]
    public async Task Status_is_one_line_and_its_json_has_its_fixed_shape()
    {
        var program = StartRun();
        await BeganAsync(2);
        (await _here.RunAsync("enqueue", "upload", "{\"n\":1}")).With(0);
        (await _here.RunAsync("status")).With(0).Output.ShouldBe("upload: 0 workers, 1 job | work: 2 workers, 6 jobs\n");
        var queues = (await _here.RunAsync("status", "--json")).With(0).Json();
        queues[1].EnumerateObject().Select(property => property.Name).ShouldBe(
            ["queue", "label", "running", "max_concurrent", "queued", "scheduled", "blocked", "failed", "oldest_queued_seconds"]);
        queues[1].GetProperty("running").GetInt64().ShouldBe(2);
        queues[1].GetProperty("queued").GetInt64().ShouldBe(6);
        Go();
        (await program.EndAsync()).With(0);
    }

    [Fact]
    public async Task Cancelling_ends_what_runs_and_what_waits()
    {
        var program = StartRun();
        await BeganAsync(2);
        (await _here.RunAsync("cancel", "n")).With(0).Output.ShouldContain("6 cancelled, 2 running and told to stop");
        var body = (await program.EndAsync()).With(1).Json();
        body.GetProperty("status").GetString().ShouldBe("cancelled");
        _here.CountLines("began").ShouldBe(2);
        (await _here.RunAsync("retry", "n")).With(0).Output.ShouldContain("8 ready again");
        Go();
        (await _here.RunAsync("run", "--resume", "n")).With(0);
    }

    [Fact]
    public async Task A_paused_queue_starts_nothing_until_it_is_open_again()
    {
        var program = StartRun();
        await BeganAsync(2);
        (await _here.RunAsync("pause", "work")).With(0);
        Go();
        await Workspace.UntilAsync(async () => (await _here.RunAsync("status")).Output == "work: 0 workers, 6 jobs\n", "what ran has ended");
        (await _here.RunAsync("queues")).Output.ShouldContain("paused");
        _here.CountLines("began").ShouldBe(2);
        (await _here.RunAsync("resume", "work")).With(0);
        (await program.EndAsync()).With(0);
        _here.CountLines("began").ShouldBe(8);
    }

    [Fact]
    public async Task Followed_logs_come_while_it_runs_and_end_with_it()
    {
        var program = StartRun();
        await BeganAsync(2);
        var follower = _here.Start("logs", "n", "-f");
        Go();
        (await program.EndAsync()).With(0);
        var log = (await follower.EndAsync()).With(0).Output;
        for (var item = 0; item < 8; item++)
        {
            log.ShouldContain($"working on {item}");
        }
    }

    [Fact]
    public async Task A_job_can_be_looked_at_from_all_sides()
    {
        var id = (await _here.RunAsync("enqueue", "q", "{\"a\":[1,\"ö\"]}", "--priority", "5", "--delay", "1h", "--group", "g", "--unique", "u", "--kind", "thing.do@2")).With(0).Output.Trim();
        (await _here.RunAsync("enqueue", "q", "1", "--unique", "u", "--json")).With(0).Json().GetProperty("existing").GetBoolean().ShouldBeTrue();
        var job = (await _here.RunAsync("job", id, "--json")).With(0).Json();
        job.GetProperty("status").GetString().ShouldBe("scheduled");
        job.GetProperty("kind").GetString().ShouldBe("thing.do@2");
        job.GetProperty("group").GetString().ShouldBe("g");
        job.GetProperty("progress").GetDouble().ShouldBe(0);
        job.GetProperty("payload").GetProperty("a")[1].GetString().ShouldBe("ö");
        job.GetProperty("reason").GetProperty("code").GetString().ShouldBe("scheduled");
        (await _here.RunAsync("jobs", "--queue", "q", "--status", "scheduled")).Output.ShouldStartWith($"{id}\tscheduled\tq\t");
        (await _here.RunAsync("cancel", id)).Output.ShouldContain("1 cancelled");
        (await _here.RunAsync("job", id)).Output.ShouldContain("cancelled");
    }

    [Fact]
    public async Task The_store_is_found_by_option_variable_and_configuration()
    {
        File.WriteAllText(_here.File("fairlead.yaml"), "# ours\nstore: \"sqlite:./configured.db\" # here\n");
        await _here.RunAsync("enqueue", "a");
        File.Exists(_here.File("configured.db")).ShouldBeTrue();
        await _here.RunAsync("enqueue", "a", "--store", "sqlite:named.db");
        File.Exists(_here.File("named.db")).ShouldBeTrue();
        File.Exists(_here.File("fairlead.db")).ShouldBeFalse();
    }
}
