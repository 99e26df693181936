namespace Fairlead.Storage;

/// <summary>
/// What of an attempt's log is kept: the first 10,000 lines or 1 MiB, then one line saying that the rest was cut. Counted in memory: an
/// attempt writes through one store. For one thread at a time.
/// </summary>
internal sealed class LogBounds
{
    /// <summary>At most this many lines of an attempt are kept.</summary>
    public const int Lines = 10_000;

    /// <summary>At most this many characters of an attempt are kept.</summary>
    public const int Characters = 1024 * 1024;

    /// <summary>What stands in place of the rest.</summary>
    public const string Cut = "The log of this attempt was cut here: it keeps 10,000 lines and 1 MiB.";

    private const int LineLength = 64 * 1024;

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
        var message = Shortened(line.Message);
        if (kept.Count > Attempts)
        {
            kept.Clear();
        }
        if (lines == Lines || characters + message.Length > Characters)
        {
            kept[line.Attempt] = (Lines + 1, characters);
            return Cut;
        }
        kept[line.Attempt] = (lines + 1, characters + message.Length);
        return message;
    }

    public void Forget(AttemptKey attempt) => kept.Remove(attempt);

    private static string Shortened(string message)
    {
        if (message.Length <= LineLength)
        {
            return message;
        }
        var end = char.IsHighSurrogate(message[LineLength - 1]) ? LineLength - 1 : LineLength;
        return message[..end];
    }
}
