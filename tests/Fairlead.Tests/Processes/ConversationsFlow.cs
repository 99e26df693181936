using System.Diagnostics;
using System.Text;
using Fairlead.Processes;
using static Fairlead.Tests.Processes.WardenHarness;

namespace Fairlead.Tests.Processes;

/// <summary>Programs that are talked to hear all that is said to them and are heard, at any size and speed, and nobody waits for one that does not listen.</summary>
public sealed class ConversationsFlow : IAsyncLifetime
{
    private Warden _warden = null!;

    public async ValueTask InitializeAsync() => _warden = await StartAsync();

    public ValueTask DisposeAsync() => _warden.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Lines_of_every_size_come_back_as_they_were(bool named)
    {
        await using var warden = await Warden.StartAsync(new WardenOptions { Command = Command, NamedPipes = named }, TimeProvider.System);
        var listener = new Listener();
        var process = warden.Start(Talkers.Echo, listener);
        var said = new MemoryStream();
        for (var size = 1; size <= 1 << 20; size *= 4)
        {
            foreach (var length in new[] { size - 1, size, size + 1 })
            {
                var line = LineOf(length);
                said.Write(line);
                process.Write(line);
                await UntilAsync(() => listener.Length == said.Length, $"the line of {length} bytes is back");
            }
        }
        process.CloseInput();
        var exit = await process.Exit;
        (exit.Reason, exit.ExitCode, exit.Killed, listener.Error).ShouldBe((EndReason.Exited, 0, 0, ""));
        listener.Output.AsSpan().SequenceEqual(said.ToArray()).ShouldBeTrue();
        listener.Told.ShouldBe(["started", "closed output", "closed error"], ignoreOrder: true);
        listener.Told[0].ShouldBe("started");
    }

    [Fact]
    public async Task All_that_was_said_before_it_ran_is_heard_first()
    {
        var listener = new Listener();
        var process = _warden.Start(Talkers.Echo with { Input = "first\n"u8.ToArray() }, listener);
        process.Write("second\n"u8);
        process.CloseInput();
        process.Write("too late\n"u8);
        (await process.Exit).ExitCode.ShouldBe(0);
        listener.Text.ShouldBe("first\nsecond\n");
    }

    [Fact]
    public async Task A_host_never_waits_for_a_program_that_does_not_read_and_all_is_read_in_the_end()
    {
        var listener = new Listener();
        var process = _warden.Start(Talkers.Python("""
            import signal, sys
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
            print('up', flush=True)
            signal.sigwait([signal.SIGUSR1])
            print(len(sys.stdin.buffer.read()))
            """), listener);
        await UntilAsync(() => listener.Text == "up\n", "it runs");
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < 128; i++)
        {
            process.Write(LineOf(65_535));
        }
        clock.Elapsed.TotalSeconds.ShouldBeLessThan(5);
        process.CloseInput();
        Send(process.Pid, UserSignal);
        (await process.Exit).ExitCode.ShouldBe(0);
        listener.Text.ShouldBe($"up\n{8 << 20}\n");
    }

    [Fact]
    public async Task One_that_writes_without_end_does_not_drown_its_neighbour()
    {
        var (flood, talk) = (new Listener(), new Listener());
        var endless = _warden.Start(Talkers.Shell("exec yes"), flood);
        var echo = _warden.Start(Talkers.Echo, talk);
        await UntilAsync(() => flood.Length > 1 << 20, "the flood is on");
        for (var trips = 1; trips <= 100; trips++)
        {
            echo.Write("x\n"u8);
            await UntilAsync(() => talk.Length == 2 * trips, "the echo is back");
        }
        endless.Stop();
        (await endless.Exit).Reason.ShouldBe(EndReason.Stopped);
        echo.CloseInput();
        (await echo.Exit).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task An_output_closed_while_the_program_lives_is_told_at_once()
    {
        var listener = new Listener();
        var process = _warden.Start(Talkers.Shell("echo last words; exec >&-; read line; echo heard $line >&2"), listener);
        await UntilAsync(() => listener.Told.Contains("closed output"), "the close is told");
        (listener.Text, process.Exit.IsCompleted).ShouldBe(("last words\n", false));
        process.Write("you\n"u8);
        (await process.Exit).ExitCode.ShouldBe(0);
        listener.Error.ShouldBe("heard you\n");
        listener.Told.ShouldBe(["started", "closed output", "closed error"]);
    }

    [Fact]
    public async Task A_program_that_closes_its_input_or_is_gone_takes_no_harm_from_what_is_said()
    {
        var listener = new Listener();
        var process = _warden.Start(Talkers.Shell("exec <&-; echo deaf; sleep 600"), listener);
        await UntilAsync(() => listener.Text == "deaf\n", "its input is closed");
        for (var i = 0; i < 100; i++)
        {
            process.Write(LineOf(100_000));
        }
        process.Stop();
        (await process.Exit).Reason.ShouldBe(EndReason.Stopped);
        process.Write(LineOf(10));
        process.CloseInput();
        process.Stop();
        process.SetDeadline(TimeSpan.Zero, TimeSpan.Zero);
    }

    [Fact]
    public async Task A_double_fork_that_holds_the_output_open_ends_with_its_program_and_its_words_are_told()
    {
        var (tag, listener) = (NewTag(), new Listener());
        var process = _warden.Start(Talkers.Shell($"(setsid sh -c 'echo daemon; sleep {tag}' &); read line; echo done"), listener);
        await UntilAsync(() => listener.Text == "daemon\n", "the daemon is up");
        process.CloseInput();
        var exit = await process.Exit;
        (exit.Reason, exit.ExitCode).ShouldBe((EndReason.Exited, 0));
        Living(tag).ShouldBeEmpty();
        listener.Text.ShouldBe("daemon\ndone\n");
    }

    [Fact]
    public async Task A_stranger_that_holds_the_output_open_does_not_delay_the_end()
    {
        var listener = new Listener();
        var process = _warden.Start(Talkers.Shell("read line; echo done"), listener);
        await UntilAsync(() => process.Pid > 0, "it runs");
        using var stranger = new FileStream($"/proc/{process.Pid}/fd/1", FileMode.Open, FileAccess.Write);
        process.Write("\n"u8);
        await process.Exit.WaitAsync(TimeSpan.FromSeconds(20));
        listener.Text.ShouldBe("done\n");
        listener.Told.ShouldContain("closed output");
    }

    [Fact]
    public async Task A_program_that_cannot_be_started_is_named()
    {
        var listener = new Listener();
        var exit = await _warden.Start(new ProcessSpec { Arguments = ["no-such-program-here"], IsConversation = true }, listener).Exit;
        (exit.Reason, exit.Message).ShouldBe((EndReason.NotStarted, "The program 'no-such-program-here' was not found in PATH."));
        listener.Told.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_killed_warden_ends_the_talk_and_what_was_said_before_is_told()
    {
        var (tag, listener) = (NewTag(), new Listener());
        var process = _warden.Start(Talkers.Shell($"echo up; sleep {tag}"), listener);
        await UntilAsync(() => listener.Text == "up\n", "it runs");
        Send(_warden.Pid, Kill);
        (await process.Exit).Reason.ShouldBe(EndReason.WardenLost);
        Living(tag).ShouldBeEmpty();
        listener.Told.ShouldBe(["started", "closed output", "closed error"], ignoreOrder: true);
        (await _warden.Start(Talkers.Shell("exit 3"), new Listener()).Exit).ExitCode.ShouldBe(3);
    }

    [Fact]
    public async Task A_warden_that_is_closed_starts_nothing_and_says_so()
    {
        await using var warden = await StartAsync();
        await warden.DisposeAsync();
        (await warden.Start(Talkers.Echo, new Listener()).Exit).Reason.ShouldBe(EndReason.WardenLost);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Hundreds_of_talks_leave_no_descriptor_and_no_file_behind(bool named)
    {
        await using var warden = await Warden.StartAsync(new WardenOptions { Command = Command, NamedPipes = named }, TimeProvider.System);
        (await warden.Start(Talkers.Shell("true"), new Listener()).Exit).ExitCode.ShouldBe(0);
        var (here, there) = (PipesOf(Environment.ProcessId), PipesOf(warden.Pid));
        for (var round = 0; round < 20; round++)
        {
            var exits = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => warden.Start(Talkers.Shell($"exit {i}"), new Listener()).Exit));
            exits.Select(exit => exit.ExitCode).ShouldBe(Enumerable.Range(0, 10));
        }
        // A warden keeps cgroups for as many as ran at once, and other tests of this process come and go; two hundred talks would show.
        await UntilAsync(() => PipesOf(warden.Pid) < there + 100, "the warden holds no more than before");
        await UntilAsync(() => PipesOf(Environment.ProcessId) < here + 100, "the host holds no more than before");
    }

    private static int PipesOf(int pid) => Directory.GetFiles($"/proc/{pid}/fd").Length;

    /// <summary>So many bytes of text, and the end of the line.</summary>
    private static byte[] LineOf(int length) => Encoding.ASCII.GetBytes(new string('x', length) + '\n');
}
