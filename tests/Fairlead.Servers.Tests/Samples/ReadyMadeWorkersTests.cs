using System.Text.Json;
using Fairlead.Cli.Tests;
using Fairlead.Samples.Upstreams;

namespace Fairlead.Servers.Tests.Samples;

/// <summary>The workers to copy, as they stand there, spoken to over plain pipes.</summary>
public sealed class ReadyMadeWorkersTests : IAsyncLifetime
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "samples", "workers");
    private readonly Workspace _here = new();
    private UpstreamServer _pages = null!;

    public static TheoryData<string, string[]> Streams => new()
    {
        { "worker.py", ["python3"] },
        { "worker.mjs", ["node"] },
        { "worker.cs", ["dotnet", "run"] },
    };

    public static TheoryData<string, string[]> OneJobEach => new()
    {
        { "worker.sh", ["bash"] },
        { "worker-job.py", ["python3"] },
    };

    public async ValueTask InitializeAsync() => _pages = await UpstreamServer.StartAsync(new Pages(), TimeProvider.System);

    public async ValueTask DisposeAsync()
    {
        await _pages.DisposeAsync();
        _here.Dispose();
    }

    [Fact]
    public void Each_is_shorter_than_forty_lines()
    {
        var workers = Directory.GetFiles(Folder, "worker*");
        workers.Select(Path.GetFileName).ShouldBe(Streams.Concat(OneJobEach).Select(row => row.Data.Item1), ignoreOrder: true);
        workers.ShouldAllBe(path => File.ReadLines(path).Count() < 40);
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task Works_at_many_jobs_and_ends_when_there_are_no_more(string worker, string[] program)
    {
        var running = Start(worker, program);
        var lines = new[]
        {
            Job(1, Payload("page", "page")),
            Job(2, Payload("busy")),
            """{"cancel":1}""",
            Job(3, Payload("page", "nowhere")),
            Job(4, Payload("broken")),
            Job(5, "null"),
            Job(6, Payload()),
        };
        await running.Process.StandardInput.WriteAsync(string.Join('\n', lines) + "\n");
        var said = (await running.EndAsync()).With(0).Output.Split('\n').Where(static line => line.StartsWith('{')).Select(static line => JsonDocument.Parse(line).RootElement).ToList();

        var progress = said.FindAll(static line => line.TryGetProperty("progress", out _));
        progress.Select(static line => (line.GetProperty("progress").GetInt64(), line.GetProperty("processed").GetInt32(), line.GetProperty("total").GetInt32()))
            .ShouldBe([(1, 1, 2), (1, 2, 2), (3, 1, 2)]);
        var answers = said.Except(progress).ToList();
        answers.Count.ShouldBe(6);
        Result(answers[0], 1).GetProperty("bytes").GetInt64().ShouldBe(2 * Pages.Bytes);
        answers[1].GetProperty("defer").GetInt64().ShouldBe(2);
        answers[1].GetProperty("seconds").GetDouble().ShouldBe(Pages.BusyFor);
        answers[1].GetProperty("reason").GetString()!.ShouldContain("429");
        Error(answers[2], 3, retry: false).ShouldContain("404");
        Error(answers[3], 4, retry: true).ShouldContain("503");
        Error(answers[4], 5, retry: true).ShouldNotBeEmpty();
        Result(answers[5], 6).GetProperty("bytes").GetInt64().ShouldBe(0);
    }

    [Theory]
    [MemberData(nameof(OneJobEach))]
    public async Task Works_at_one_job_and_says_how_it_went(string worker, string[] program)
    {
        var done = (await RunAsync(worker, program, Payload("page", "page"))).With(0);
        done.Json().GetProperty("bytes").GetInt64().ShouldBe(2 * Pages.Bytes);
        done.Output.ShouldContain("1 of 2\n2 of 2\n");

        (await RunAsync(worker, program, Payload("busy"))).With(75).Errors.ShouldContain("429");
        (await RunAsync(worker, program, Payload("page", "nowhere"))).With(65).Errors.ShouldContain("404");
        (await RunAsync(worker, program, Payload("broken"))).With(1).Errors.ShouldContain("503");
        (await RunAsync(worker, program, """{"urls": ["http://127.0.0.1:1/"]}""")).With(1).Errors.ShouldContain("onnect");
    }

    private async Task<Ended> RunAsync(string worker, string[] program, string payload)
    {
        var running = Start(worker, program);
        await running.Process.StandardInput.WriteAsync(payload + "\n");
        return await running.EndAsync();
    }

    /// <summary>A copy, as its user would make: beside the sources, .NET would take this project's settings for its own.</summary>
    private RunningProgram Start(string worker, string[] program)
    {
        File.Copy(Path.Combine(Folder, worker), _here.File(worker), overwrite: true);
        return _here.StartTool(program[0], [.. program[1..], worker]);
    }

    private string Payload(params string[] pages) => JsonSerializer.Serialize(new { urls = pages.Select(page => new Uri(_pages.Address, page)) });

    private static string Job(long id, string payload) => $$"""{"job":{{id}},"queue":"q","kind":"q","version":1,"attempt":1,"fence":7,"deadline":"2030-01-01T00:00:00.000Z","payload":{{payload}}}""";

    private static JsonElement Result(JsonElement answer, long job)
    {
        answer.GetProperty("done").GetInt64().ShouldBe(job);
        return answer.GetProperty("result");
    }

    private static string Error(JsonElement answer, long job, bool retry)
    {
        answer.GetProperty("failed").GetInt64().ShouldBe(job);
        (!answer.TryGetProperty("retry", out var said) || said.GetBoolean()).ShouldBe(retry);
        return answer.GetProperty("error").GetString()!;
    }
}
