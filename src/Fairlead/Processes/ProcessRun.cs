namespace Fairlead.Processes;

/// <summary>A program that runs, as the node knows it.</summary>
internal sealed class ProcessRun(WardenLink link, ulong id, IProcessOutput output, Conversation? conversation, bool continueInline) : IHostedProcess
{
    private readonly TaskCompletionSource<ProcessExit> _exit =
        new(continueInline ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);

    internal ulong Id => id;

    /// <inheritdoc />
    public int Pid { get; private set; }

    internal IProcessOutput Output => output;

    /// <summary>Its pipes to this process; null when it is not talked to.</summary>
    internal Conversation? Conversation => conversation;

    /// <inheritdoc />
    public Task<ProcessExit> Exit => _exit.Task;

    /// <inheritdoc />
    public void Stop() => link.Stop(this);

    /// <inheritdoc />
    public void SetDeadline(TimeSpan? term, TimeSpan killAfter) => link.SetDeadline(this, term, killAfter);

    /// <inheritdoc />
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (conversation?.Write(bytes) == true)
        {
            link.Wake();
        }
    }

    /// <inheritdoc />
    public void CloseInput() => conversation?.CloseInput();

    internal void Started(int pid)
    {
        Pid = pid;
        conversation?.Started();
        output.Started(pid);
    }

    internal void End(ProcessExit exit) => _exit.TrySetResult(exit);
}
