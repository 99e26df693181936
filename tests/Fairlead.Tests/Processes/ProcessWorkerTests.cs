using System.Text;
using System.Text.Json;
using Fairlead.Engine;
using Fairlead.Processes;
using Fairlead.Storage;
using static Fairlead.Tests.Processes.WardenHarness;

namespace Fairlead.Tests.Processes;

/// <summary>The protocol <c>job</c>: what a program is given, and what its end means.</summary>
public sealed class ProcessWorkerTests : IAsyncLifetime
{
    private readonly RecordedLog _log = new();
    private Warden _warden = null!;

    public async ValueTask InitializeAsync() => _warden = await StartAsync();

    public ValueTask DisposeAsync() => _warden.DisposeAsync();

    [Theory]
    [InlineData("exit 0", "Completed")]
    [InlineData("exit 1", "Failed retryable: exit code 1")]
    [InlineData("echo no luck >&2; exit 1", "Failed retryable: exit code 1: no luck")]
    [InlineData("exit 65", "Failed for good: exit code 65")]
    [InlineData("echo too early >&2; exit 75", "Deferred: too early")]
    [InlineData("kill -9 $$", "Lost: killed by signal 9")]
    [InlineData("kill -SEGV $$", "Lost: killed by signal 11")]
    public async Task An_exit_code_has_one_meaning(string script, string meaning) => Describe(await RunAsync(script)).ShouldBe(meaning);

    [Theory]
    [InlineData("""echo one; echo '{"a":1}'""", """{"a":1}""", "one")]
    [InlineData("""printf '[1,\n2]'""", null, "[1,|2]")]
    [InlineData("echo 42", "42", "")]
    [InlineData("""printf 'log\n"text"\n\n'""", "\"text\"", "log")]
    [InlineData("""printf '{"a":1}\r\n'""", """{"a":1}""", "")]
    [InlineData("""printf '{"a":1}\nbye\n'""", null, """{"a":1}|bye""")]
    [InlineData("""echo '{"a":1} trailing'""", null, """{"a":1} trailing""")]
    [InlineData("echo oops >&2", null, "!oops")]
    [InlineData("printf 'a\\000b\\377c\\n'", null, "a\uFFFDb\uFFFDc")]
    public async Task The_last_line_is_the_result_if_it_is_json_and_else_log(string script, string? result, string log)
    {
        var completed = (await RunAsync(script)).ShouldBeOfType<WorkResult.Completed>();
        Encoding.UTF8.GetString(completed.Result.Span).ShouldBe(result ?? "");
        string.Join('|', _log.Lines).ShouldBe(log);
    }

    [Fact]
    public async Task A_failed_program_has_no_result_only_log()
    {
        (await RunAsync("""echo '{"a":1}'; exit 3""")).ShouldBeOfType<WorkResult.Failed>();
        _log.Lines.ShouldBe(["""{"a":1}"""]);
    }

    [Fact]
    public async Task Log_lines_arrive_while_it_runs()
    {
        using var stop = new CancellationTokenSource();
        var run = RunAsync("echo first; echo second; sleep 600", cancellation: stop.Token);
        await UntilAsync(() => _log.Lines.Contains("first"), "the first line is there");
        await stop.CancelAsync();
        (await run).ShouldBeOfType<WorkResult.Stopped>();
        _log.Lines.ShouldBe(["first", "second"]);
    }

    [Fact]
    public async Task A_timeout_says_what_was_done()
    {
        var result = await RunAsync("trap '' TERM; sleep 600 & sleep 600", timeout: TimeSpan.FromSeconds(0.3));
        result.ShouldBeOfType<WorkResult.TimedOut>().Error.ShouldMatch(@"^timed out: SIGTERM after 0\.3\d* s, SIGKILL after 0\.[5-9]\d* s, 3 processes ended$");
    }

    [Fact]
    public async Task What_cannot_be_started_fails_for_good()
    {
        var worker = new ProcessWorker(_warden, new ProcessWorkerOptions { Program = "no-such-program-here" });
        var failed = (await worker.RunAsync(AttemptWith("{}"), default)).ShouldBeOfType<WorkResult.Failed>();
        (failed.Retryable, failed.Error).ShouldBe((false, "The program 'no-such-program-here' was not found in PATH."));
    }

    [Theory]
    [InlineData("\"a b\"", "echo {}", "a b")]
    [InlineData("\"a b\"", "echo x{}y {}", "xa by a b")]
    [InlineData("\"a b\"", "echo", "a b")]
    [InlineData("{\"n\":1}", "echo", "{\"n\":1}")]
    [InlineData("\"\\u00fc $HOME\"", "echo", "ü $HOME")]
    public async Task A_payload_stands_in_the_arguments(string payload, string command, string output)
    {
        var options = new ProcessWorkerOptions { Program = command.Split(' ')[0], Arguments = command.Split(' ')[1..], PayloadInArguments = true };
        var completed = (await new ProcessWorker(_warden, options).RunAsync(AttemptWith(payload), default)).ShouldBeOfType<WorkResult.Completed>();
        (string.Concat(_log.Lines) + Encoding.UTF8.GetString(completed.Result.Span)).ShouldBe(output);
    }

    [Fact]
    public async Task A_payload_with_a_NUL_cannot_be_an_argument()
    {
        var options = new ProcessWorkerOptions { Program = "echo", PayloadInArguments = true };
        var failed = (await new ProcessWorker(_warden, options).RunAsync(AttemptWith("\"a\\u0000b\""), default)).ShouldBeOfType<WorkResult.Failed>();
        failed.Retryable.ShouldBeFalse();
    }

    [Theory]
    [InlineData(nameof(ProcessInput.Json), "\"a b\"", "\"a b\"\n")]
    [InlineData(nameof(ProcessInput.Text), "\"a b\"", "a b\n")]
    [InlineData(nameof(ProcessInput.Text), "{\"n\":1}", "{\"n\":1}\n")]
    [InlineData(nameof(ProcessInput.None), "\"a b\"", "")]
    public async Task A_payload_stands_on_standard_input(string input, string payload, string seen)
    {
        var options = new ProcessWorkerOptions { Program = "sh", Arguments = ["-c", "od -An -c | tr -d ' \\n'"], Input = Enum.Parse<ProcessInput>(input) };
        await new ProcessWorker(_warden, options).RunAsync(AttemptWith(payload), default);
        var expected = seen.Replace(" ", "").Replace("\n", "\\n");
        string.Concat(_log.Lines).ShouldBe(expected);
    }

    [Fact]
    public async Task A_program_knows_which_attempt_it_is()
    {
        await RunAsync("echo $FAIRLEAD_JOB_ID $FAIRLEAD_QUEUE $FAIRLEAD_ATTEMPT $FAIRLEAD_FENCE $FAIRLEAD_DEADLINE", timeout: TimeSpan.FromMinutes(1));
        _log.Lines.ShouldBe(["42 pdf 2 7 2030-01-01T00:01:00.000Z"]);
    }

    [Fact]
    public async Task A_gibibyte_of_output_ends_as_a_short_log_that_says_so()
    {
        (await RunAsync("head -c 1G /dev/zero | tr '\\0' 'x'; echo; echo '{\"ok\":true}'")).ShouldBeOfType<WorkResult.Completed>().Result.Length.ShouldBe(11);
        _log.Lines.Sum(line => line.Length).ShouldBeLessThan(600 * 1024);
        _log.Lines.ShouldContain(line => line.Contains("bytes of output left out"));
    }

    private Task<WorkResult> RunAsync(string script, TimeSpan? timeout = null, CancellationToken cancellation = default)
    {
        var worker = new ProcessWorker(_warden, new ProcessWorkerOptions { Program = "sh", Arguments = ["-c", script] });
        return worker.RunAsync(AttemptWith("{}", timeout), cancellation);
    }

    private Attempt AttemptWith(string payload, TimeSpan? timeout = null)
    {
        var start = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
        return new Attempt
        {
            Job = new ClaimedJob
            {
                Key = new AttemptKey(new JobId(42), 7),
                Queue = "pdf",
                Kind = new JobKind("pdf.read", 1),
                Payload = Encoding.UTF8.GetBytes(payload),
                Attempt = 2,
                Deadline = start.AddDays(1),
                ReadyAt = start,
            },
            Queue = new QueueDefinition { Name = "pdf", KillAfter = TimeSpan.FromSeconds(0.2) },
            Log = _log,
            Timeout = timeout ?? TimeSpan.FromMinutes(1),
            StartedAt = start,
        };
    }

    private static string Describe(WorkResult result) => result switch
    {
        WorkResult.Completed => "Completed",
        WorkResult.Failed failed => $"Failed {(failed.Retryable ? "retryable" : "for good")}: {failed.Error}",
        WorkResult.Deferred deferred => $"Deferred: {deferred.Reason}",
        WorkResult.Lost lost => $"Lost: {lost.Error}",
        _ => result.ToString(),
    };
}
