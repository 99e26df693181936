using System.Diagnostics;
using Fairlead.Processes;
using static Fairlead.Tests.Processes.WardenHarness;

namespace Fairlead.Tests.Processes;

/// <summary>Programs start, get what they need, say what they say, and their end is told as it was.</summary>
public sealed class ProgramsRun : IAsyncLifetime
{
    private Warden _warden = null!;

    public async ValueTask InitializeAsync() => _warden = await StartAsync();

    public ValueTask DisposeAsync() => _warden.DisposeAsync();

    [Theory]
    [InlineData("exit 0", 0, 0)]
    [InlineData("exit 3", 3, 0)]
    [InlineData("exit 255", 255, 0)]
    [InlineData("kill -9 $$", -1, 9)]
    [InlineData("kill -TERM $$", -1, 15)]
    [InlineData("kill -SEGV $$", -1, 11)]
    public async Task An_end_is_told_as_it_was(string script, int code, int signal)
    {
        var exit = await _warden.RunAsync(script);
        (exit.Reason, exit.ExitCode, exit.Signal, exit.Killed).ShouldBe((EndReason.Exited, code, signal, 0));
    }

    [Fact]
    public async Task Both_outputs_arrive_and_are_told_apart()
    {
        var recorder = new Recorder();
        await _warden.RunAsync("echo out; echo err >&2; printf tail", recorder);
        (recorder.Output, recorder.Error).ShouldBe(("out\ntail", "err\n"));
        recorder.Pid.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_program_starts_with_default_signals_its_own_session_and_three_descriptors()
    {
        var recorder = new Recorder();
        await _warden.RunAsync("grep -E 'Sig(Ign|Blk)' /proc/self/status; ps -o sid= -p $$ | tr -d ' '; echo $$; ls /proc/$$/fd", recorder);
        var lines = recorder.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        // The C library keeps two signals to itself, 32 and 33, and has its children ignore them.
        lines[0].ShouldEndWith("0000000000000000");
        lines[1].ShouldMatch("\t(0000000000000000|0000000180000000)$");
        lines[2].ShouldBe(lines[3]);
        lines[4..].ShouldBe(["0", "1", "2"], Case.Sensitive, customMessage: recorder.Output);
    }

    [Fact]
    public async Task Environment_and_directory_are_its_own()
    {
        var recorder = new Recorder();
        var spec = Shell("echo $COLOUR $HOME; pwd") with
        {
            Environment = [new("COLOUR", "blue"), new("HOME", "/nowhere")],
            Directory = "/usr",
        };
        await _warden.RunAsync(spec, recorder, default);
        recorder.Output.ShouldBe("blue /nowhere\n/usr\n");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(65536)]
    [InlineData(3_000_000)]
    public async Task Input_of_any_size_is_read_to_its_end(int size)
    {
        var recorder = new Recorder();
        await _warden.RunAsync(Shell("wc -c", input: new byte[size]), recorder, default);
        recorder.Output.Trim().ShouldBe(size.ToString());
    }

    [Fact]
    public async Task Input_that_nobody_reads_holds_up_nobody()
    {
        var exit = await _warden.RunAsync(Shell("exit 7", input: new byte[1 << 20]), new Recorder(), default);
        exit.ExitCode.ShouldBe(7);
        exit = await _warden.RunAsync(Shell("sleep 0.2; exit 8", input: new byte[1 << 20]), new Recorder(), default);
        exit.ExitCode.ShouldBe(8);
    }

    [Theory]
    [InlineData("no-such-program-here", "was not found in PATH")]
    [InlineData("/no/such/program", "does not exist")]
    [InlineData("/etc/passwd", "may not be executed")]
    [InlineData("/etc/passwd/sh", "not a directory")]
    public async Task A_program_that_cannot_be_started_is_named(string program, string reason)
    {
        var exit = await _warden.RunAsync(new ProcessSpec { Arguments = [program] }, new Recorder(), default);
        exit.Reason.ShouldBe(EndReason.NotStarted);
        exit.Message.ShouldContain($"'{program}'");
        exit.Message.ShouldContain(reason);
    }

    [Fact]
    public async Task A_missing_directory_is_named()
    {
        var exit = await _warden.RunAsync(Shell("true") with { Directory = "/no/such/place" }, new Recorder(), default);
        (exit.Reason, exit.Message).ShouldBe((EndReason.NotStarted, "The working directory '/no/such/place' does not exist."));
    }

    [Fact]
    public async Task An_argument_longer_than_the_system_takes_is_refused_with_the_way_out()
    {
        var exit = await _warden.RunAsync(new ProcessSpec { Arguments = ["true", new string('x', 2 << 20)] }, new Recorder(), default);
        exit.Reason.ShouldBe(EndReason.NotStarted);
        exit.Message.ShouldContain("standard input");
    }

    [Fact]
    public async Task A_gibibyte_of_output_is_read_and_not_held()
    {
        var recorder = new Recorder();
        var running = _warden.RunAsync("head -c 1G /dev/zero; printf the-end", recorder);
        var most = 0L;
        while (!running.IsCompleted)
        {
            most = Math.Max(most, ResidentMiB());
            await Task.WhenAny(running, Task.Delay(20));
        }
        (await running).ExitCode.ShouldBe(0);
        recorder.Length.ShouldBe(512 * 1024);
        recorder.LeftOut.ShouldBe((1L << 30) + 7 - 512 * 1024);
        recorder.Output.ShouldEndWith("the-end");
        most.ShouldBeLessThan(64);
    }

    [Fact]
    public async Task A_daemon_that_keeps_the_output_open_does_not_delay_the_end()
    {
        var tag = NewTag();
        var clock = Stopwatch.StartNew();
        var exit = await _warden.RunAsync($"setsid sleep {tag} & echo done");
        exit.ExitCode.ShouldBe(0);
        clock.Elapsed.TotalSeconds.ShouldBeLessThan(10);
        Living(tag).ShouldBeEmpty();
    }

    [Fact]
    public async Task Hundreds_at_once_each_get_their_own_end()
    {
        var exits = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => _warden.RunAsync($"echo {i}; exit {i}")));
        exits.Select(exit => exit.ExitCode).ShouldBe(Enumerable.Range(0, 200));
    }

    private long ResidentMiB() => long.Parse(File.ReadAllText($"/proc/{_warden.Pid}/statm").Split(' ')[1]) * Environment.SystemPageSize >> 20;
}
