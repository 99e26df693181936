namespace Fairlead.Cli.Tests;

/// <summary>Queues are changed by command while something runs in them.</summary>
public sealed class QueueChangeTests : IDisposable
{
    private readonly Workspace _here = new();

    public void Dispose() => _here.Dispose();

    [Theory]
    [InlineData("max_concurrent=5", "max_concurrent=5")]
    [InlineData("timeout=90s kill_after=0s slow_after=500ms", "timeout=90s kill_after=0s slow_after=500ms")]
    [InlineData("retry_budget=10% retries=0", "retries=0 retry_budget=10%")]
    [InlineData("retry_budget=0.25", "retry_budget=25%")]
    [InlineData("priority=-3 group_concurrency=2", "priority=-3 group_concurrency=2")]
    public void Changes_are_read_and_written(string words, string text) =>
        QueueChangeText.Format(QueueChangeText.Parse("q", words.Split(' '))).ShouldBe(text);

    [Theory]
    [InlineData("max_concurrent", "expected name=value, such as max_concurrent=5; got 'max_concurrent'")]
    [InlineData("max_concurent=5", "'max_concurent' cannot be changed; did you mean 'max_concurrent'? What can: max_concurrent, timeout")]
    [InlineData("run=true", "'run' cannot be changed")]
    [InlineData("max_concurrent=many", "max_concurrent expects a whole number of 1 or more; got 'many'")]
    [InlineData("max_concurrent=0", "max_concurrent expects 1 or more; got 0")]
    [InlineData("max_concurrent=-1", "max_concurrent expects a whole number")]
    [InlineData("timeout=5", "timeout expects a duration such as 60s; got '5'")]
    [InlineData("timeout=0s", "timeout and slow_after expect more than zero")]
    [InlineData("retry_budget=110%", "retry_budget expects a share above 0 and up to 1")]
    [InlineData("group_concurrency=0", "group_concurrency expects 1 or more")]
    public void What_is_no_change_is_refused(string word, string why) =>
        Should.Throw<FormatException>(() => QueueChangeText.Parse("q", [word])).Message.ShouldContain(why);

    [Fact]
    public async Task A_changed_queue_is_obeyed_while_a_run_goes_on_and_put_back_by_reset()
    {
        _here.Lines("items", Enumerable.Range(0, 30).Select(n => $"{n}"));
        _here.Script("work", "#!/bin/sh\necho $1 >> began\nwhile [ ! -e go ] && [ ! -e go$1 ]; do sleep 0.02; done\n");
        var run = _here.Start("run", "--name", "n", "--queue", "work", "--input", "items", "--concurrency", "4", "--", "./work");
        await BeganAsync(4);
        (await _here.RunAsync("queues", "set", "work", "max_concurrent=2", "timeout=50s")).With(0).Output.ShouldBe("work: max_concurrent=2 timeout=50s\n");
        (await _here.RunAsync("status")).With(0).Output.ShouldBe("work: 4/2 workers, 26 jobs\n");
        for (var item = 0; item < 3; item++)
        {
            File.WriteAllText(_here.File($"go{item}"), "");
        }
        await BeganAsync(5);
        (await _here.RunAsync("status")).With(0).Output.ShouldBe("work: 2/2 workers, 25 jobs\n");

        var queue = (await _here.RunAsync("queues", "--json")).With(0).Json()[0];
        queue.GetProperty("max_concurrent").GetInt32().ShouldBe(2);
        queue.GetProperty("changed").GetProperty("timeout").GetString().ShouldBe("50s");
        (await _here.RunAsync("queues")).With(0).Output.ShouldContain("\tmax_concurrent=2 timeout=50s\n");
        (await _here.RunAsync("queues", "set", "work", "max_concurrent=3")).With(0).Output.ShouldBe("work: max_concurrent=3 timeout=50s\n");
        await BeganAsync(6);

        (await _here.RunAsync("queues", "reset", "work")).With(0).Output.ShouldBe("work: as declared\n");
        await BeganAsync(7);
        (await _here.RunAsync("queues", "--json")).With(0).Json()[0].TryGetProperty("changed", out _).ShouldBeFalse();
        File.WriteAllText(_here.File("go"), "");
        (await run.EndAsync()).With(0);
        File.ReadAllLines(_here.File("began")).Distinct().Count().ShouldBe(30);
        _here.CountLines("began").ShouldBe(30);
    }

    [Fact]
    public async Task What_cannot_be_changed_is_answered_with_what_can()
    {
        (await _here.RunAsync("enqueue", "mail", "1")).With(0);
        (await _here.RunAsync("queues", "set", "mail", "max_concurrent=2")).With(2).Saying("There is no declared queue 'mail'. Known: none.", "fairlead serve");
        (await _here.RunAsync("queues", "set", "mail", "max_concurent=2")).With(2).Saying("did you mean 'max_concurrent'?");
        (await _here.RunAsync("queues", "rest", "mail")).With(2).Saying("'queues' has no command 'rest'; did you mean 'reset'?");
    }

    private Task BeganAsync(int count) => Workspace.UntilAsync(() => _here.CountLines("began") >= count, $"{count} items began");
}
