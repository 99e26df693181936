using System.Text;
using Fairlead.Processes;

namespace Fairlead.OwnProcess.Tests;

/// <summary>The one process of a pool in a world without processes, for what takes a minute or must not be a moment off: a test says what it does.</summary>
internal sealed class MadeUpProcess : IProcessHost, IHostedProcess
{
    private readonly TaskCompletionSource<ProcessExit> _exit = new();
    private IProcessOutput? _output;

    public int Pid => 1;

    public Task<ProcessExit> Exit => _exit.Task;

    /// <summary>What it was told.</summary>
    public StringBuilder Input { get; } = new();

    /// <summary>The deadline that its parent keeps; null for none.</summary>
    public TimeSpan? Deadline { get; private set; }

    public bool IsStopped { get; private set; }

    public IHostedProcess Start(ProcessSpec spec, IProcessOutput output)
    {
        _output = output;
        return this;
    }

    public void Says(string line) => _output!.Wrote(false, Encoding.UTF8.GetBytes(line + "\n"), 0);

    public void Ends(ProcessExit exit) => _exit.SetResult(exit);

    public void Stop() => IsStopped = true;

    public void SetDeadline(TimeSpan? term, TimeSpan killAfter) => Deadline = term;

    public void Write(ReadOnlySpan<byte> bytes) => Input.Append(Encoding.UTF8.GetString(bytes));

    public void CloseInput() => Says("its input ended");

    public IReadOnlyDictionary<int, long> MemoryOf(IReadOnlyCollection<int> pids) => new Dictionary<int, long>();
}
