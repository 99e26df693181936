using System.Diagnostics;
using System.Text.Json;
using Fairlead.Processes.OwnProcess;

namespace Fairlead.OwnProcess.Tests;

/// <summary>The test program started as a process of its queue, and this test in the place of the host that speaks with it.</summary>
internal sealed class Child : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Process _process;
    private readonly Task<string> _error;
    private bool _isReady;

    private Child(Process process) => (_process, _error) = (process, process.StandardError.ReadToEndAsync());

    /// <summary>The program.</summary>
    public static string Program { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../OwnProcessProgram/release/OwnProcessProgram"));

    public int Id => _process.Id;

    public Process Process => _process;

    /// <summary>Starts it in one of the shapes of <c>Main</c>.</summary>
    public static Child Start(string shape = "host", string queue = "own", string? file = null, bool hook = true)
    {
        var start = new ProcessStartInfo(Program, [shape]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in OwnProcessCommand.EnvironmentFor(queue, new ProcessOptions()))
        {
            // The hook of the program that is started, not of this one.
            start.Environment[name] = value.Replace(AppContext.BaseDirectory, Path.GetDirectoryName(Program) + "/", StringComparison.Ordinal);
        }
        start.Environment["OWN_DB"] = file;
        if (!hook)
        {
            start.Environment.Remove("DOTNET_STARTUP_HOOKS");
        }
        return new(Process.Start(start)!);
    }

    /// <summary>Hands it a job.</summary>
    public void Give(long id, string kind, string text = "", string more = "") =>
        Say($$"""{"job":{{id}},"queue":"own","kind":"{{kind}}","version":1,"attempt":1,"fence":{{id + 100}},"deadline":"2030-01-01T00:00:00.000Z"{{more}},"payload":{{JsonSerializer.Serialize(new { text })}}}""");

    public void Say(string line) => _process.StandardInput.WriteLine(line);

    /// <summary>What it says next; fails when it says nothing.</summary>
    public async Task<JsonElement> LineAsync()
    {
        var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(Patience);
        if (!_isReady)
        {
            line.ShouldBe("""{"ready":true}""", "it says first that it has come to its jobs");
            _isReady = true;
            return await LineAsync();
        }
        return line is null ? throw new InvalidOperationException($"It said no more, and on standard error:\n{await _error}") : JsonDocument.Parse(line).RootElement;
    }

    public async Task<string> TextAsync() => (await LineAsync()).GetRawText();

    /// <summary>No more jobs come; gives the rest of what it says.</summary>
    public async Task<(string[] Lines, string Error, int Code)> EndAsync(bool closeInput = true)
    {
        if (closeInput)
        {
            _process.StandardInput.Close();
        }
        var rest = await _process.StandardOutput.ReadToEndAsync().WaitAsync(Patience);
        var error = await _error.WaitAsync(Patience);
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return ([.. rest.Split('\n', StringSplitOptions.RemoveEmptyEntries).SkipWhile(line => !_isReady && line == """{"ready":true}""")], error, _process.ExitCode);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
