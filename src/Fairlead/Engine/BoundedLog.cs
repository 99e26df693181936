using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>One attempt's log: what no store would keep (<see cref="LogBounds" />) is not carried there. Safe from any thread.</summary>
internal abstract class BoundedLog : IAttemptLog
{
    private int _characters;
    private int _lines;
    private int _isCut;

    public void Write(LogLevel level, string message)
    {
        if (Volatile.Read(ref _isCut) == 1)
        {
            return;
        }
        if (Interlocked.Increment(ref _lines) <= LogBounds.Lines && Interlocked.Add(ref _characters, message.Length) <= LogBounds.Characters)
        {
            Keep(level, message);
        }
        else if (Interlocked.Exchange(ref _isCut, 1) == 0)
        {
            Keep(LogLevel.Warning, LogBounds.Cut);
        }
    }

    /// <summary>Keeps one line that is within the bounds.</summary>
    protected abstract void Keep(LogLevel level, string message);
}
