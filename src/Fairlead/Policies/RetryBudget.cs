namespace Fairlead.Policies;

/// <summary>
/// Retries of one queue as a share of its first attempts: when everything fails, retries must not multiply the load on what is failing
/// already (Google SRE book, chapter 21; Finagle's <c>RetryBudget</c>). It paces and never refuses: a retry beyond the budget waits for
/// the next of the slots that come once a second whatever happens. Immutable; the store keeps it beside the queue.
/// </summary>
/// <param name="Credit">What first attempts have put in and retries not taken out, in millionths of a retry (whole numbers, so that ten times a tenth is one).</param>
/// <param name="NextSlot">When the next slot for a retry beyond the budget is free.</param>
public readonly record struct RetryBudget(long Credit, DateTimeOffset NextSlot)
{
    /// <summary>One retry, in millionths.</summary>
    public const long One = 1_000_000;

    /// <summary>The most that is saved up: 100 retries. Without a ceiling a good week would pay for a storm.</summary>
    public const long Ceiling = 100 * One;

    /// <summary>How far the slots of retries beyond the budget lie apart.</summary>
    public static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    /// <summary>A first attempt has ended: it puts <paramref name="share" /> of a retry into the budget.</summary>
    /// <param name="share">The queue's <see cref="QueueDefinition.RetryBudget" />, 0.1 for 10 %.</param>
    public RetryBudget Deposit(double share) =>
        this with { Credit = Math.Min(Ceiling, Credit + (long)Math.Round(Math.Max(share, 0) * One)) };

    /// <summary>A retry is wanted at <paramref name="now" />.</summary>
    /// <returns>The budget afterwards, and the earliest moment at which the retry may begin: now, if the budget had room.</returns>
    public (RetryBudget Budget, DateTimeOffset NotBefore) Take(DateTimeOffset now)
    {
        if (Credit >= One)
        {
            return (this with { Credit = Credit - One }, now);
        }
        var slot = NextSlot > now ? NextSlot : now;
        return (this with { NextSlot = slot + Pace }, slot);
    }
}
