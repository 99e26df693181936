namespace Fairlead.Sqlite;

/// <summary>
/// The turn of writing, shared by all processes of one file. SQLite's own lock is asked for again and again with sleeps of up to
/// 100 ms between; waiting here ends in microseconds. Two files make it fair: who waits for the lock holds the gate, so that the
/// process which just wrote cannot overtake it. On Windows there is none, and SQLite's own waiting stands in.
/// </summary>
internal sealed class WriterLock : IDisposable
{
    private readonly Flock? gate;
    private readonly Flock? turn;

    public WriterLock(string database)
    {
        if (!OperatingSystem.IsWindows())
        {
            gate = Flock.Open(database + "-gate");
            turn = Flock.Open(database + "-lock");
        }
    }

    public void Take()
    {
        gate?.Take();
        try
        {
            turn?.Take();
        }
        finally
        {
            gate?.Release();
        }
    }

    public void Release() => turn?.Release();

    public void Dispose()
    {
        gate?.Dispose();
        turn?.Dispose();
    }
}
