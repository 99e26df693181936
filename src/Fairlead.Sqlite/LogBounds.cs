using Fairlead.Storage;

namespace Fairlead.Sqlite;

/// <summary>
/// What of an attempt's log is kept: the first 10,000 lines or 1 MiB, then one line saying that the rest was cut. Counted in memory: an
/// attempt writes through one store. For the writing thread alone.
/// </summary>
internal sealed class LogBounds
{
    private const int Lines = 10_000, Characters = 1024 * 1024, LineLength = 64 * 1024;

    // More attempts than this never write at once; late lines of ended ones must not gather for ever.
    private const int Attempts = 20_000;

    private readonly Dictionary<AttemptKey, (int Lines, int Characters)> kept = [];

    /// <summary>What to keep of a line; null for nothing.</summary>
    public string? Admit(JobLogLine line)
    {
        var (lines, characters) = kept.GetValueOrDefault(line.Attempt);
        if (lines > Lines)
        {
            return null;
        }
        var message = Cut(line.Message);
        if (kept.Count > Attempts)
        {
            kept.Clear();
        }
        if (lines == Lines || characters + message.Length > Characters)
        {
            kept[line.Attempt] = (Lines + 1, characters);
            return $"The log of this attempt was cut here: {Lines} lines or 1 MiB are kept.";
        }
        kept[line.Attempt] = (lines + 1, characters + message.Length);
        return message;
    }

    public void Forget(AttemptKey attempt) => kept.Remove(attempt);

    private static string Cut(string message)
    {
        if (message.Length <= LineLength)
        {
            return message;
        }
        var end = char.IsHighSurrogate(message[LineLength - 1]) ? LineLength - 1 : LineLength;
        return message[..end];
    }
}
