namespace Fairlead;

/// <summary>
/// When a group's or a limit's circuit breaker opens, and for how long. It opens after so many failures in a row, or when at least half
/// of the last <c>4 · Failures</c> outcomes failed (once half of those are known).
/// </summary>
public sealed record BreakerPolicy
{
    /// <summary>Failures in a row that open it; 1 to 1000, default 5.</summary>
    public int Failures { get; init; } = 5;

    /// <summary>How long it stays open the first time; it doubles with every probe that fails. Default 30 s.</summary>
    public TimeSpan OpenFor { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest time it stays open at once. Default 10 min.</summary>
    public TimeSpan MaxOpen { get; init; } = TimeSpan.FromMinutes(10);

    internal IEnumerable<string> Problems(string owner)
    {
        if (Failures is < 1 or > 1000)
        {
            yield return $"{owner}: the breaker's Failures expects 1 to 1000; got {Failures}.";
        }
        if (OpenFor <= TimeSpan.Zero || MaxOpen < OpenFor)
        {
            yield return $"{owner}: the breaker expects 0 < OpenFor <= MaxOpen; got {OpenFor} and {MaxOpen}.";
        }
    }
}
