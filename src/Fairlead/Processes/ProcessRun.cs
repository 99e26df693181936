namespace Fairlead.Processes;

/// <summary>A program that runs, as the node knows it.</summary>
internal sealed class ProcessRun(ulong id, IProcessOutput output, bool continueInline)
{
    private readonly TaskCompletionSource<ProcessExit> _exit =
        new(continueInline ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);


    internal ulong Id => id;

    /// <summary>Its process id; 0 until it is known.</summary>
    internal int Pid { get; private set; }

    internal IProcessOutput Output => output;

    /// <summary>Completes when it has ended and nothing of it is left.</summary>
    internal Task<ProcessExit> Exit => _exit.Task;

    internal void Started(int pid)
    {
        Pid = pid;
        output.Started(pid);
    }

    internal void End(ProcessExit exit) => _exit.TrySetResult(exit);
}
