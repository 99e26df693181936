using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>One attempt's log: at most 1 MiB and 10,000 lines are kept, then one line says that it was cut. Safe from any thread.</summary>
internal abstract class BoundedLog : IAttemptLog
{
    private const int MostCharacters = 1 << 20;
    private const int MostLines = 10_000;
    private int _characters;
    private int _lines;
    private int _isCut;

    public void Write(LogLevel level, string message)
    {
        if (Volatile.Read(ref _isCut) == 1)
        {
            return;
        }
        if (Interlocked.Increment(ref _lines) <= MostLines && Interlocked.Add(ref _characters, message.Length) <= MostCharacters)
        {
            Keep(level, message);
        }
        else if (Interlocked.Exchange(ref _isCut, 1) == 0)
        {
            Keep(LogLevel.Warning, "The log of this attempt was cut here: it keeps 10,000 lines and 1 MiB.");
        }
    }

    /// <summary>Keeps one line that is within the bounds.</summary>
    protected abstract void Keep(LogLevel level, string message);
}
