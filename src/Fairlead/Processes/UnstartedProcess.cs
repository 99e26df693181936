namespace Fairlead.Processes;

/// <summary>A program that did not come to run.</summary>
internal sealed class UnstartedProcess(ProcessExit exit) : IHostedProcess
{
    /// <inheritdoc />
    public int Pid => 0;

    /// <inheritdoc />
    public Task<ProcessExit> Exit { get; } = Task.FromResult(exit);

    /// <inheritdoc />
    public void Stop() { }

    /// <inheritdoc />
    public void SetDeadline(TimeSpan? term, TimeSpan killAfter) { }

    /// <inheritdoc />
    public void Write(ReadOnlySpan<byte> bytes) { }

    /// <inheritdoc />
    public void CloseInput() { }
}
