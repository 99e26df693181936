namespace Fairlead.Cli.Tests;

/// <summary>Items that hang, ignore SIGTERM and hide their processes cost their timeout and no more, and nothing of them is left.</summary>
public sealed class HangingItemsTests : IDisposable
{
    private const int Items = 40;
    private const int Hanging = 4;
    private readonly Workspace _here = new();

    public HangingItemsTests()
    {
        // A name of its own, so that every process left over is found by it.
        File.Copy("/bin/sleep", _here.File("snooze"));
        _here.Script("work", """
            #!/bin/sh
            case $1 in
              hang*)
                trap '' TERM
                ./snooze 1000 &
                ( ./snooze 1000 & ) &
                env -i setsid ./snooze 1000 > /dev/null 2>&1 < /dev/null &
                echo $1 >> hanging
                ./snooze 1000
                ./snooze 1000;;
              *) echo $1 >> ran;;
            esac
            """);
        _here.Lines("items", Enumerable.Range(0, Items).Select(n => n < Hanging ? $"hang{n}" : $"item{n}"));
    }

    private string[] Run => ["run", "--name", "hang", "--input", "items", "--concurrency", "5", "--timeout", "2s", "--kill-after", "1s", "--json", "--", "./work"];

    public void Dispose() => _here.Dispose();

    [Fact]
    public async Task They_time_out_all_others_finish_and_nothing_is_left()
    {
        var ended = (await _here.RunAsync(Run)).With(1);
        var body = ended.Json();
        body.GetProperty("success_count").GetInt64().ShouldBe(Items - Hanging);
        body.GetProperty("timed_out_count").GetInt64().ShouldBe(Hanging);
        Left().ShouldBe(0);
        var results = (await _here.RunAsync("results", "hang", "--status", "failed", "--json")).Json().GetProperty("jobs").EnumerateArray();
        foreach (var job in results)
        {
            (job.GetProperty("ended_at").GetDateTimeOffset() - job.GetProperty("started_at").GetDateTimeOffset()).ShouldBeLessThan(TimeSpan.FromSeconds(4));
        }
    }

    [Fact]
    public async Task Nothing_is_left_when_the_program_itself_is_killed()
    {
        var program = _here.Start(Run);
        await Workspace.UntilAsync(() => _here.CountLines("hanging") == Hanging, "all four hang");
        program.Signal("KILL");
        await program.EndAsync();
        await Workspace.UntilAsync(() => Left() == 0, "every process is gone");
    }

    [Fact]
    public async Task Nothing_is_left_while_the_program_is_stopped_beyond_its_lease_and_it_goes_on_afterwards()
    {
        var program = _here.Start(["run", "--name", "hang", "--input", "items", "--concurrency", "5", "--timeout", "60s", "--kill-after", "1s", "--json", "--", "./work"]);
        await Workspace.UntilAsync(() => _here.CountLines("hanging") == Hanging, "all four hang");
        program.Signal("STOP");
        await Workspace.UntilAsync(() => Left() == 0, "every process is gone");
        program.Signal("CONT");
        await Workspace.UntilAsync(() => _here.CountLines("ran") == Items - Hanging, "the others are done");
        await _here.RunAsync("cancel", "hang");
        (await program.EndAsync()).With(1);
        Left().ShouldBe(0);
    }

    private int Left() => Directory.EnumerateDirectories("/proc")
        .Where(folder => char.IsAsciiDigit(Path.GetFileName(folder)[0]))
        .Count(folder => Executable(folder) == _here.File("snooze"));

    private static string? Executable(string folder)
    {
        try
        {
            return File.ResolveLinkTarget(Path.Combine(folder, "exe"), returnFinalTarget: false)?.FullName;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
