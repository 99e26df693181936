namespace Fairlead.Policies;

/// <summary>
/// How long a failed job waits for its next attempt: exponential back-off with full jitter, so that jobs which failed together do not
/// come back together (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015). Pure: chance comes from outside.
/// </summary>
/// <param name="First">The upper bound of the first retry's wait; it doubles with every further one.</param>
/// <param name="Max">The upper bound of any wait.</param>
public readonly record struct RetryPolicy(TimeSpan First, TimeSpan Max)
{
    /// <summary>
    /// The lowest share of the bound that is ever waited. Full jitter draws down to zero, and a retry after no wait at all meets what
    /// failed it just now; five in a hundred keeps the spread and rules that out.
    /// </summary>
    public const double Floor = 0.05;

    /// <summary>The policy a queue declares.</summary>
    public static RetryPolicy Of(QueueDefinition queue) => new(queue.BackoffFirst, queue.BackoffMax);

    /// <summary>The longest wait before retry number <paramref name="retry" />: the lesser of <c>Max</c> and <c>First · 2^(retry − 1)</c>.</summary>
    /// <param name="retry">1 for the first retry; less counts as 1.</param>
    public TimeSpan Bound(int retry)
    {
        var max = Math.Max(Max.Ticks, 0);
        var bound = Math.Max(First.Ticks, 0) * Math.Pow(2, Math.Max(retry, 1) - 1);
        return TimeSpan.FromTicks(bound < max ? (long)bound : max);
    }

    /// <summary>The wait before retry number <paramref name="retry" />, uniform between 5 % and 100 % of its bound.</summary>
    /// <param name="retry">1 for the first retry.</param>
    /// <param name="chance">Uniform from 0 up to, not including, 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="chance" /> is not in [0, 1).</exception>
    public TimeSpan Delay(int retry, double chance)
    {
        if (chance is not (>= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(chance), chance, "Expected a chance from 0 up to, not including, 1.");
        }
        return Bound(retry) * (1 - (chance * (1 - Floor)));
    }

    /// <inheritdoc cref="Delay(int, double)" />
    public TimeSpan Delay(int retry, Random random) => Delay(retry, random.NextDouble());
}
