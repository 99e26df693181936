namespace Fairlead.Engine;

/// <summary>
/// The store's time as this node knows it: the last answer's, plus what has passed since by the clock that cannot jump. A node whose
/// date is minutes off, or is set while it runs, still stamps its attempts and keeps its deadlines rightly.
/// </summary>
internal sealed class StoreClock(TimeProvider time)
{
    private volatile Reading? _last;

    /// <summary>The store's time, right to about one round trip.</summary>
    public DateTimeOffset Now => _last is { } last ? last.At + time.GetElapsedTime(last.Timestamp) : time.GetUtcNow();

    /// <summary>When a question is asked whose answer will carry the store's time.</summary>
    public long Ask() => time.GetTimestamp();

    /// <summary>
    /// Takes the store's time from an answer that has just arrived. The store said it at some moment since the question was asked: what this node
    /// takes for the time already is kept if that is possible, so that an answer that was long on its way does not set it back.
    /// </summary>
    /// <param name="storeNow">What the store said.</param>
    /// <param name="asked">What <see cref="Ask" /> gave before the question.</param>
    public void Set(DateTimeOffset storeNow, long asked)
    {
        var latest = storeNow + time.GetElapsedTime(asked);
        if (_last is null || storeNow > Now || latest < Now)
        {
            _last = new(_last is null || storeNow > Now ? storeNow : latest, time.GetTimestamp());
        }
    }

    private sealed record Reading(DateTimeOffset At, long Timestamp);
}
