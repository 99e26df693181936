namespace Fairlead.PostgreSql;

/// <summary>
/// When this store could not be written, as far as this process knows: nobody's silence counts in such a gap. For one thread that notes; anybody may ask.
/// </summary>
/// <param name="stall">A call that took longer than this is a gap: while it lasted, nobody may have come to a heartbeat.</param>
internal sealed class StoreHealth(TimeSpan stall)
{
    // More than can lie in any lease; the oldest make room.
    private const int MostGaps = 256;

    private readonly Queue<(long From, long To)> gaps = new();
    private long? failing;

    /// <summary>The gaps by the store's clock (microseconds), the one that lasts included: where they began and where they ended.</summary>
    public (long[] From, long[] To) Gaps()
    {
        lock (gaps)
        {
            var all = failing is { } from ? gaps.Append((From: from, To: long.MaxValue)) : gaps;
            return ([.. all.Select(static gap => gap.From)], [.. all.Select(static gap => gap.To)]);
        }
    }

    /// <summary>A call could not be carried out.</summary>
    /// <param name="began">When it began, by the store's clock.</param>
    public void Failed(long began)
    {
        lock (gaps)
        {
            failing ??= began;
        }
    }

    /// <summary>A call was carried out.</summary>
    /// <param name="began">When it began, by the store's clock; null when that was not known yet.</param>
    /// <param name="ended">When it ended.</param>
    public void Succeeded(long? began, long ended)
    {
        lock (gaps)
        {
            if ((failing ?? (ended - began > Moment.Of(stall) ? began : null)) is { } from)
            {
                gaps.Enqueue((from, ended));
                failing = null;
            }
            if (gaps.Count > MostGaps)
            {
                _ = gaps.Dequeue();
            }
        }
    }
}
