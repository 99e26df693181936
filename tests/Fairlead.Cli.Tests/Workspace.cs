using System.Diagnostics;
using System.Text.Json;

[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]

namespace Fairlead.Cli.Tests;

/// <summary>A folder of its own for one test, and the real program run in it.</summary>
public sealed class Workspace : IDisposable
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "Fairlead.Cli");
    private readonly List<RunningProgram> _started = [];

    /// <summary>How long anything in these tests may take on a busy machine before it counts as hanging.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    public string Folder { get; } = Directory.CreateTempSubdirectory("fairlead-cli-").FullName;

    public string File(string name) => Path.Combine(Folder, name);

    /// <summary>Writes a file of lines.</summary>
    public string Lines(string name, IEnumerable<string> lines)
    {
        System.IO.File.WriteAllLines(File(name), lines);
        return File(name);
    }

    /// <summary>Writes a program.</summary>
    public string Script(string name, string text)
    {
        System.IO.File.WriteAllText(File(name), text.ReplaceLineEndings("\n"));
        System.IO.File.SetUnixFileMode(File(name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return File(name);
    }

    /// <summary>Runs the program to its end.</summary>
    public async Task<Ended> RunAsync(params string[] arguments) => await Start(arguments).EndAsync();

    /// <summary>Runs it with something on standard input.</summary>
    public async Task<Ended> RunWithInputAsync(string input, params string[] arguments)
    {
        var program = Start(arguments);
        await program.Process.StandardInput.WriteAsync(input);
        return await program.EndAsync();
    }

    /// <summary>Starts it and lets it run.</summary>
    public RunningProgram Start(params string[] arguments) => StartTool(Program, arguments);

    /// <summary>Starts any program in this folder.</summary>
    public RunningProgram StartTool(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("FAIRLEAD_STORE");
        start.Environment["FAIRLEAD_PROGRAM"] = Program;
        var running = new RunningProgram(Process.Start(start)!);
        _started.Add(running);
        return running;
    }

    /// <summary>Waits until something is so, with a deadline.</summary>
    public static async Task UntilAsync(Func<bool> isSo, string what) => await UntilAsync(() => Task.FromResult(isSo()), what);

    /// <inheritdoc cref="UntilAsync(Func{bool}, string)" />
    public static async Task UntilAsync(Func<Task<bool>> isSo, string what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await isSo())
        {
            TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(Patience, $"waited for: {what}");
            await Task.Delay(10);
        }
    }

    public int CountLines(string name) => System.IO.File.Exists(File(name)) ? System.IO.File.ReadLines(File(name)).Count() : 0;

    public void Dispose()
    {
        var failed = TestContext.Current.TestState?.Result == TestResult.Failed;
        foreach (var program in _started)
        {
            program.Dispose(tell: failed);
        }
        Directory.Delete(Folder, recursive: true);
    }
}

/// <summary>How a program ended.</summary>
public sealed record Ended(int ExitCode, string Output, string Errors)
{
    /// <summary>Its last line of output as JSON.</summary>
    public JsonElement Json() => JsonDocument.Parse(Output.Trim().Split('\n')[^1]).RootElement;

    /// <summary>Fails unless it ended with this code.</summary>
    public Ended With(int exitCode)
    {
        ExitCode.ShouldBe(exitCode, $"output: {Output}\nerrors: {Errors}");
        return this;
    }

    /// <summary>One or two sentences, no stack trace.</summary>
    public Ended Saying(params string[] parts)
    {
        foreach (var part in parts)
        {
            Errors.ShouldContain(part);
        }
        Errors.ShouldNotContain("   at ");
        Errors.ShouldNotContain("Unhandled");
        return this;
    }
}

/// <summary>A program that runs.</summary>
public sealed class RunningProgram : IDisposable
{
    private readonly Task<string> _output;
    private readonly Task<string> _errors;

    public RunningProgram(Process process)
    {
        Process = process;
        _output = process.StandardOutput.ReadToEndAsync();
        _errors = process.StandardError.ReadToEndAsync();
    }

    public Process Process { get; }

    /// <summary>Sends a signal: KILL, TERM, INT, STOP, CONT.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{Process.Id}"]);
        kill.WaitForExit();
    }

    public async Task<Ended> EndAsync()
    {
        Process.StandardInput.Close();
        using var limit = new CancellationTokenSource(Workspace.Patience);
        await Process.WaitForExitAsync(limit.Token);
        return new Ended(Process.ExitCode, await _output, await _errors);
    }

    public void Dispose() => Dispose(tell: false);

    /// <summary>Ends it; with <paramref name="tell" />, what it said stands with the test that failed.</summary>
    public void Dispose(bool tell)
    {
        var ended = Process.HasExited;
        if (!ended)
        {
            Process.Kill(entireProcessTree: true);
        }
        if (tell && Task.WaitAll([_output, _errors], TimeSpan.FromSeconds(2)))
        {
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"{string.Join(' ', Process.StartInfo.ArgumentList)} ({(ended ? $"exit {Process.ExitCode}" : "was running")})\noutput: {_output.Result}\nerrors: {_errors.Result}");
        }
        Process.Dispose();
    }
}
