using Fairlead.Sqlite;

namespace Fairlead.Cli.Tests;

/// <summary>A node that serves a real <c>fairlead.yaml</c> with real programs: reloaded under load, drained, killed.</summary>
public sealed class ServeTests : IDisposable
{
    private const string Job = """
        #!/bin/sh
        echo "start $FAIRLEAD_JOB_ID $(date +%s%N)" >> ran
        sleep 0.2
        echo "end $FAIRLEAD_JOB_ID $(date +%s%N)" >> ran
        """;

    private const string Stream = """
        #!/bin/sh
        while read -r line; do
          id=${line#*:}; id=${id%%,*}
          echo "start $id $(date +%s%N)" >> ran
          sleep 0.2
          echo "end $id $(date +%s%N)" >> ran
          echo "{\"done\":$id}"
        done
        """;

    private readonly Workspace _here = new();

    public void Dispose() => _here.Dispose();

    [Theory]
    [InlineData("job", Job)]
    [InlineData("stream", Stream)]
    public async Task Reloading_changes_how_many_run_within_a_second_and_loses_nothing(string protocol, string script)
    {
        const int jobs = 150;
        _here.Script("work", script);
        Configure(protocol, 3);
        await EnqueueAsync("q", jobs);
        var node = _here.Start("worker");
        await Workspace.UntilAsync(() => Count("end") >= 15, "15 jobs ended");

        var more = Now();
        Configure(protocol, 6);
        await Workspace.UntilAsync(() => Now() - more > 2_500_000_000, "two and a half seconds with six");
        var fewer = Now();
        Configure(protocol, 1);
        node.Signal("HUP");
        await Workspace.UntilAsync(() => Now() - fewer > 3_000_000_000, "three seconds with one");
        var rest = Now();
        Configure(protocol, 20);
        await DrainedAsync("q", jobs);
        node.Signal("TERM");
        (await node.EndAsync()).With(0).Saying("was reloaded");

        MostAtOnce(0, more).ShouldBe(3);
        MostAtOnce(more, fewer).ShouldBe(6);
        MostAtOnce(more, more + 1_000_000_000).ShouldBe(6, "within a second after the change");
        // What ran when it became one went on to its end.
        MostAtOnce(fewer + 1_000_000_000, rest).ShouldBe(1);
        Starts().Count.ShouldBe(jobs);
        Starts().Distinct().Count().ShouldBe(jobs, "every job ran once");
    }

    [Fact]
    public async Task A_file_that_is_wrong_changes_nothing_and_says_why()
    {
        _here.Script("work", Job);
        Configure("job", 2);
        var node = _here.Start("worker");
        await EnqueueAsync("q", 2);
        await DrainedAsync("q", 2);
        File.WriteAllText(_here.File("fairlead.yaml"), "queues: { q: { run: [./work], max_concurent: 5 } }");
        node.Signal("HUP");
        await EnqueueAsync("q", 2);
        await DrainedAsync("q", 4);
        node.Signal("TERM");
        (await node.EndAsync()).With(0).Saying("was not reloaded, everything goes on as before", "max_concurent", "did you mean 'max_concurrent'?");
    }

    [Fact]
    public async Task A_queue_that_is_taken_out_ends_what_runs_and_a_new_one_is_served()
    {
        _here.Script("work", Job);
        Configure("job", 2);
        await EnqueueAsync("q", 6);
        await EnqueueAsync("r", 1);
        var node = _here.Start("worker");
        await Workspace.UntilAsync(() => Count("start") >= 1, "the first job began");
        Write("{ r: { run: [./work] } }");
        await DrainedAsync("r", 1);
        await Workspace.UntilAsync(() => Count("start") == Count("end"), "what ran went on to its end");
        Count("start").ShouldBeLessThan(7);
        Write("{ q: { run: [./work] } }");
        await DrainedAsync("q", 6);
        node.Signal("TERM");
        (await node.EndAsync()).With(0);
        Starts().Count.ShouldBe(7, "no job ran twice");
    }

    [Theory]
    [InlineData("job")]
    [InlineData("stream")]
    public async Task Nothing_is_left_two_seconds_after_the_node_was_killed_and_another_goes_on(string protocol)
    {
        File.Copy("/bin/sleep", _here.File("snooze"));
        _here.Script("work", """
            #!/bin/sh
            trap '' TERM
            [ -e go ] && exit 0
            ./snooze 1000 &
            ( ./snooze 1000 & ) &
            env -i setsid ./snooze 1000 > /dev/null 2>&1 < /dev/null &
            echo >> hanging
            ./snooze 1000
            """);
        Write($"{{ q: {{ run: [./work], protocol: {protocol}, max_concurrent: 3, timeout: 60s }} }}");
        await EnqueueAsync("q", 3);
        var node = _here.Start("worker");
        await Workspace.UntilAsync(() => _here.CountLines("hanging") == 3, "all three hang");
        node.Signal("KILL");
        var killed = Now();
        await node.EndAsync();
        await Workspace.UntilAsync(() => Left() == 0, "every process is gone");
        (Now() - killed).ShouldBeLessThan(10_000_000_000L);
        if (protocol == "job")
        {
            File.WriteAllText(_here.File("go"), "");
            var next = _here.Start("worker");
            await DrainedAsync("q", 3);
            next.Signal("TERM");
            (await next.EndAsync()).With(0);
        }
    }

    [Fact]
    public async Task Workers_are_listed_and_ended_by_command_and_their_attempts_with_them()
    {
        _here.Script("work", "#!/bin/sh\n[ -e go ] && exit 0\necho >> hanging\nsleep 1000\n");
        Write("{ ai_processing: { label: AI, run: [./work], max_concurrent: 2, backoff: { first: 100ms, max: 1s } } }");
        await EnqueueAsync("ai_processing", 2);
        var node = _here.Start("worker");
        await Workspace.UntilAsync(() => _here.CountLines("hanging") == 2, "both hang");
        var ids = Array.Empty<string>();
        await Workspace.UntilAsync(async () => (ids = await WorkersAsync()).Length == 2, "both are listed");
        ids.ShouldAllBe(id => id.StartsWith("ai_"));
        ids.Distinct().Count().ShouldBe(2);
        File.WriteAllText(_here.File("go"), "");
        (await _here.RunAsync("workers", "end", ids[0])).With(0);
        await Workspace.UntilAsync(async () => (await WorkersAsync()) is var now && !now.Contains(ids[0]) && now.Contains(ids[1]), "the first is gone, the second is not");
        (await _here.RunAsync("workers", "end", "--all")).With(0);
        await DrainedAsync("ai_processing", 2);
        var attempts = (await _here.RunAsync("job", "1", "--json")).With(0).Json().GetProperty("attempts");
        attempts.GetArrayLength().ShouldBe(2);
        attempts[0].GetProperty("outcome").GetString().ShouldBe("lost");
        attempts[0].GetProperty("error").GetString().ShouldStartWith("An operator ended its worker");
        attempts[1].GetProperty("fence").GetInt64().ShouldBeGreaterThan(attempts[0].GetProperty("fence").GetInt64());
        node.Signal("TERM");
        (await node.EndAsync()).With(0).Saying("Spawned worker ai_", " for AI (PID: ", ", Total: 2)");
    }

    private async Task<string[]> WorkersAsync() =>
        [.. (await _here.RunAsync("workers", "--json")).With(0).Json().EnumerateArray().Select(worker => worker.GetProperty("id").GetString()!)];

    private void Configure(string protocol, int most) => Write($"{{ q: {{ run: [./work], protocol: {protocol}, max_concurrent: {most} }} }}");

    private void Write(string queues) => File.WriteAllText(_here.File("fairlead.yaml"), $"store: sqlite:./fairlead.db\nqueues: {queues}\n");

    private async Task EnqueueAsync(string queue, int count)
    {
        await using var store = await OpenAsync();
        await store.EnqueueAsync([.. Enumerable.Range(0, count).Select(n => new Storage.NewJob { Queue = queue, Kind = new JobKind(queue), Payload = "{}"u8.ToArray() })]);
    }

    private async Task DrainedAsync(string queue, int jobs)
    {
        await using var store = await OpenAsync();
        await Workspace.UntilAsync(async () => (await store.ListQueuesAsync()).First(each => each.Name == queue).Jobs.Completed == jobs, $"{jobs} jobs of {queue} are completed");
    }

    private async Task<SqliteJobStore> OpenAsync()
    {
        var store = new SqliteJobStore(_here.File("fairlead.db"), TimeProvider.System);
        await store.OpenAsync();
        return store;
    }

    private (string What, string Job, long At)[] Log() => File.Exists(_here.File("ran"))
        ? [.. File.ReadAllLines(_here.File("ran")).Select(line => line.Split(' ')).Where(words => words.Length == 3).Select(words => (words[0], words[1], long.Parse(words[2])))]
        : [];

    private int Count(string what) => Log().Count(line => line.What == what);

    private List<string> Starts() => [.. Log().Where(line => line.What == "start").Select(line => line.Job)];

    private int AtOnce(long at) => Log().Where(line => line.At <= at).Sum(line => line.What == "start" ? 1 : -1);

    private int MostAtOnce(long from, long to) => Log().Where(line => line.At >= from && line.At < to).Select(line => AtOnce(line.At)).DefaultIfEmpty(0).Max();

    private static long Now() => TimeProvider.System.GetUtcNow().Subtract(DateTimeOffset.UnixEpoch).Ticks * 100;

    private int Left() => Directory.GetDirectories("/proc").Count(folder => IsLeft(folder));

    private bool IsLeft(string folder)
    {
        try
        {
            return int.TryParse(Path.GetFileName(folder), out _) && File.ReadAllText(Path.Combine(folder, "cmdline")).Contains("./snooze")
                && File.ResolveLinkTarget(Path.Combine(folder, "cwd"), returnFinalTarget: false)?.FullName == _here.Folder;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
