using Fairlead.Bench;
using Fairlead.Cli.Tests;

namespace Fairlead.Servers.Tests;

/// <summary>The judge is somebody else's limiter: nginx counts what reaches it, and refuses what comes too fast.</summary>
public sealed class RunAgainstNginxTests : IDisposable
{
    private const int PerSecond = 20;
    private const int Processes = 3;
    private const int EachAsks = 20;
    private readonly Workspace _here = new();

    public void Dispose() => _here.Dispose();

    [Fact]
    public async Task Three_processes_that_share_a_limit_are_never_refused_and_use_it()
    {
        var folder = Directory.CreateDirectory(_here.File("nginx")).FullName;
        // Sixty programs are started here: one that stands still for 400 ms on a busy machine meets those behind it.
        using var nginx = await Nginx.StartAsync(folder, PerSecond, burst: 8);

        var runs = Enumerable.Range(0, Processes).Select(number => Start(number, nginx.Port)).ToList();
        foreach (var run in runs)
        {
            (await run.EndAsync()).With(0);
        }

        var answers = nginx.Answers();
        answers.Count.ShouldBe(Processes * EachAsks);
        answers.Count(answer => answer.Status != 200).ShouldBe(0);
        NginxAnswer.ShareUsed(answers, PerSecond).ShouldBeGreaterThan(0.9, "this machine may be busy; the measurement asks for 0.98");
    }

    [Fact]
    public async Task Without_the_limit_the_same_processes_are_refused()
    {
        var folder = Directory.CreateDirectory(_here.File("nginx")).FullName;
        using var nginx = await Nginx.StartAsync(folder, PerSecond, burst: 4);
        _here.Lines("items", Enumerable.Range(0, EachAsks).Select(n => $"{n}"));

        (await _here.RunAsync("run", "--input", "items", "--concurrency", "8", "--", "curl", "-sf", "-o", "out", $"http://127.0.0.1:{nginx.Port}/{{}}")).With(1);

        nginx.Answers().ShouldContain(answer => answer.Status == 429);
    }

    private RunningProgram Start(int number, int port)
    {
        _here.Lines($"items{number}", Enumerable.Range(0, EachAsks).Select(n => $"{number}-{n}"));
        return _here.Start("run", "--name", $"share{number}", "--input", $"items{number}", "--concurrency", "4", "--limit", $"api={PerSecond}/s", "--", "curl", "-sf", "-o", $"out{number}", $"http://127.0.0.1:{port}/{{}}");
    }
}
