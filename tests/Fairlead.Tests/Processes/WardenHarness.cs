using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Fairlead.Engine;
using Fairlead.Processes;
using Microsoft.Extensions.Logging;

namespace Fairlead.Tests.Processes;

/// <summary>What the tests of real processes share: wardens, trees that are hard to end, and a look at what is left of them.</summary>
internal static class WardenHarness
{
    private static int s_tags;

    /// <summary>This test program once more, as a warden.</summary>
    public static WardenCommand Command { get; } = new([Path.Combine(AppContext.BaseDirectory, "Fairlead.Tests")], ByHook: true);

    public static Task<Warden> StartAsync(Rung rung = Rung.Best, TimeSpan? lease = null) =>
        Warden.StartAsync(new WardenOptions { Command = Command, Rung = rung, Lease = lease ?? TimeSpan.FromSeconds(20) }, TimeProvider.System);

    /// <summary>An argument of <c>sleep</c> that no other test uses, by which its processes are found again.</summary>
    public static string NewTag() => $"7{Environment.ProcessId}.{Interlocked.Increment(ref s_tags):0000}1";

    /// <summary>Ignores SIGTERM, with a child, a double fork, and a daemon in its own session without its environment. Says "up" when all run.</summary>
    public static string StubbornTree(string tag) =>
        $"trap '' TERM; (sleep {tag}) & ( (sleep {tag} &) ) ; env -i setsid sh -c '(sleep {tag} &)' ; echo up; sleep {tag}";

    public const int StubbornTreeSize = 4;

    /// <summary>The living processes that have <paramref name="tag" /> among their arguments.</summary>
    public static List<int> Living(string tag)
    {
        var found = new List<int>();
        foreach (var pid in ProcessTable.Pids())
        {
            if (pid != Environment.ProcessId && Read($"/proc/{pid}/cmdline").Contains(tag, StringComparison.Ordinal) && ProcessTable.TryRead(pid, out _))
            {
                found.Add(pid);
            }
        }
        return found;
    }

    /// <summary>Waits for something that processes do; fails with <paramref name="what" /> when they do not in time.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what, int seconds = 20)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            clock.Elapsed.TotalSeconds.ShouldBeLessThan(seconds, what);
            await Task.Delay(5);
        }
    }

    public static ProcessSpec Shell(string script, TimeSpan? timeout = null, double killAfter = 5, byte[]? input = null) => new()
    {
        Arguments = ["sh", "-c", script],
        Timeout = timeout,
        KillAfter = TimeSpan.FromSeconds(killAfter),
        Input = input,
    };

    public static Task<ProcessExit> RunAsync(this Warden warden, string script, Recorder? recorder = null) =>
        warden.RunAsync(Shell(script, TimeSpan.FromSeconds(60)), recorder ?? new Recorder(), default);

    public const int Kill = 9, UserSignal = 10, Stop = 19, Continue = 18;

    /// <summary>Sends a signal as others do.</summary>
    public static void Send(int pid, int signal) => SendSignal(pid, signal).ShouldBe(0);

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendSignal(int pid, int signal);

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}

/// <summary>Keeps what a program wrote.</summary>
internal sealed class Recorder : IProcessOutput
{
    private readonly MemoryStream _output = new();
    private readonly MemoryStream _error = new();
    private readonly Lock _gate = new();

    public int Pid { get; private set; }

    public long LeftOut { get; private set; }

    public string Output => Text(_output);

    public string Error => Text(_error);

    public int Length => (int)_output.Length;

    public void Started(int pid) => Pid = pid;

    public void Wrote(bool isError, ReadOnlySpan<byte> bytes, long leftOut)
    {
        lock (_gate)
        {
            LeftOut += leftOut;
            (isError ? _error : _output).Write(bytes);
        }
    }

    private string Text(MemoryStream stream)
    {
        lock (_gate)
        {
            return Encoding.UTF8.GetString(stream.ToArray());
        }
    }
}

/// <summary>Keeps what an attempt logs.</summary>
internal sealed class RecordedLog : IAttemptLog
{
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    public void Write(LogLevel level, string message)
    {
        lock (_lines)
        {
            _lines.Add($"{(level == LogLevel.Warning ? "!" : "")}{message}");
        }
    }
}
