namespace Fairlead.PostgreSql;

/// <summary>
/// Until when nobody's lease can end, as the last heartbeat through this store found: so long nobody has to ask for silent nodes. Leases only grow longer, and one that
/// was begun meanwhile lasts longer than this is believed.
/// </summary>
internal sealed class KnownLeases(TimeProvider watch)
{
    // Longer than between two heartbeats, shorter than any lease (3 s at least).
    private static readonly TimeSpan s_believed = TimeSpan.FromSeconds(2.5);

    private volatile Known? known;

    /// <summary>True while no lease can have ended.</summary>
    public bool AllLast => known is { } last && watch.GetElapsedTime(last.Asked) < last.For;

    /// <summary>Takes what a heartbeat was answered.</summary>
    /// <param name="asked">When it was asked.</param>
    /// <param name="first">How long the first lease of another node lasts from then on; null when there is no other.</param>
    public void Learn(long asked, TimeSpan? first) => known = new(asked, first < s_believed ? first.Value : s_believed);

    private sealed record Known(long Asked, TimeSpan For);
}
