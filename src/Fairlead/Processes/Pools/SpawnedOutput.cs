namespace Fairlead.Processes.Pools;

/// <summary>Tells the pool that a program runs, and passes on what it writes.</summary>
internal sealed class SpawnedOutput(IProcessOutput inner, Action<int> spawned) : IProcessOutput
{
    /// <inheritdoc />
    public void Started(int pid)
    {
        spawned(pid);
        inner.Started(pid);
    }

    /// <inheritdoc />
    public void Wrote(bool isError, ReadOnlySpan<byte> bytes, long leftOut) => inner.Wrote(isError, bytes, leftOut);

    /// <inheritdoc />
    public void Closed(bool isError) => inner.Closed(isError);
}
