using System.Text;
using Fairlead.Engine;
using Fairlead.Processes;
using Fairlead.Schedules;
using Fairlead.Schedules.Targets;
using Fairlead.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cli.Tests;

/// <summary>Targets from real files, real programs and a real server.</summary>
public sealed class TargetSourceTests : IDisposable
{
    private readonly Workspace _here = new();
    private readonly List<string> _log = [];

    public void Dispose() => _here.Dispose();

    [Theory]
    [InlineData("{\"a\":1}\n\n  \"b\"  \r\n3", "{\"a\":1}|\"b\"|3")]
    [InlineData("\uFEFF[ {\"a\":\n1}, \"b\",3 ]\n", "{\"a\":1}|\"b\"|3")]
    [InlineData("", "")]
    [InlineData("[]", "")]
    public async Task Lines_and_arrays_are_read(string text, string expected)
    {
        File.WriteAllText(_here.File("t"), text);
        (await ReadAsync(new FileTargets(_here.File("t"), "t"))).ShouldBe(expected);
    }

    [Theory]
    [InlineData("{\"a\":1}\nacme\n", "t:2: expected one JSON value a line, or one JSON array; a text in quotes.")]
    [InlineData("[1,\n2,\nx]", "t:3: expected a JSON array of targets.")]
    [InlineData("[1] 2", "t:1: expected a JSON array of targets.")]
    public async Task What_is_no_target_is_said_with_its_line(string text, string expected)
    {
        File.WriteAllText(_here.File("t"), text);
        (await FailureAsync(new FileTargets(_here.File("t"), "t"))).ShouldStartWith(expected);
    }

    [Fact]
    public async Task A_file_that_is_not_there_may_be_there_later() =>
        (await FailureAsync(new FileTargets(_here.File("none"), "none"))).ShouldStartWith("The file of targets cannot be read: ");

    [Fact]
    public async Task A_program_writes_them_and_its_errors_are_the_log()
    {
        await using var warden = await WardenAsync();
        _here.Script("list", "#!/bin/sh\necho looking >&2\necho \"\\\"$FAIRLEAD_SCHEDULE\\\"\"\necho 2\n");
        (await ReadAsync(new ProgramTargets(["./list"], _here.Folder, warden))).ShouldBe("\"sync\"|2");
        _log.ShouldBe(["looking"]);
        _here.Script("fail", "#!/bin/sh\necho 1\necho no database >&2\nexit 3\n");
        (await FailureAsync(new ProgramTargets(["./fail"], _here.Folder, warden))).ShouldBe("The program of targets (./fail) ended with exit code 3: no database");
        (await FailureAsync(new ProgramTargets(["./none"], _here.Folder, warden))).ShouldStartWith("The program of targets (./none) could not be started: ");
    }

    [Fact]
    public async Task A_program_that_hangs_is_ended_when_its_cycle_is_told_to_stop()
    {
        await using var warden = await WardenAsync();
        _here.Script("hang", "#!/bin/sh\necho >> began\nexec sleep 1000\n");
        using var stop = new CancellationTokenSource();
        var reading = new ProgramTargets(["./hang"], _here.Folder, warden).ReadAsync(Attempt(), stop.Token).AsTask();
        await Workspace.UntilAsync(() => _here.CountLines("began") == 1, "it runs");
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => reading.WaitAsync(Workspace.Patience));
    }

    [Fact]
    public async Task An_address_answers_with_them_or_says_why_not()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var server = builder.Build();
        server.MapGet("/list", () => Results.Text("[1,\"b\"]", "application/json"));
        server.MapGet("/lines", () => Results.Text("1\n2\n", "application/x-ndjson"));
        server.MapGet("/busy", (HttpContext http) =>
        {
            http.Response.Headers.RetryAfter = "7";
            http.Response.StatusCode = 429;
        });
        await server.StartAsync();
        UrlTargets At(string path) => new(new Uri(server.Urls.First() + path), "url http://accounts", TimeProvider.System);

        (await ReadAsync(At("/list"))).ShouldBe("1|\"b\"");
        (await ReadAsync(At("/lines"))).ShouldBe("1|2");
        (await FailureAsync(At("/busy"))).ShouldBe("url http://accounts answered 429 (retry after 7s); expected 200 with the targets.");
        (await FailureAsync(At("/none"))).ShouldContain("answered 404");
        await server.StopAsync();
        (await FailureAsync(At("/list"))).ShouldStartWith("url http://accounts could not be reached: ");
    }

    private static Task<Warden> WardenAsync() =>
        Warden.StartAsync(new WardenOptions { Command = new WardenCommand([Path.Combine(AppContext.BaseDirectory, "Fairlead.Cli"), Commands.WardenCommand.Name], ByHook: false) }, TimeProvider.System);

    private async Task<string> ReadAsync(ITargetSource source) =>
        string.Join('|', (await source.ReadAsync(Attempt(), TestContext.Current.CancellationToken)).Select(target => Encoding.UTF8.GetString(target.Span)));

    private async Task<string> FailureAsync(ITargetSource source) => (await Should.ThrowAsync<TargetsUnreadableException>(async () => await ReadAsync(source))).Message;

    private Attempt Attempt() => new()
    {
        Job = new ClaimedJob
        {
            Key = new AttemptKey(new JobId(1), 1), Queue = ScheduleRules.CycleQueue, Kind = new JobKind("sync"), Payload = default, Attempt = 1, Deadline = DateTimeOffset.MaxValue, ReadyAt = default,
        },
        Queue = new QueueDefinition { Name = ScheduleRules.CycleQueue },
        Log = new ListLog(_log),
    };

    private sealed class ListLog(List<string> lines) : IAttemptLog
    {
        public void Write(LogLevel level, string message) => lines.Add(message);
    }
}
