using System.Threading.RateLimiting;
using Fairlead.Engine;
using Fairlead.Storage;

namespace Fairlead.Limits;

/// <summary>
/// Permits for a running attempt: it waits for them at most a second, with its clock stopped; beyond that it is told to come later, and
/// holds no slot meanwhile.
/// </summary>
internal sealed class HandlerPermits(LimitClient client, Attempt attempt)
{
    /// <summary>How long a handler waits at most.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Gets the permits of all of these: the scarcest first, the others bound when its moment has come.</summary>
    /// <exception cref="JobDeferredException">One is not to be had in time; the others were given back.</exception>
    public async ValueTask<RateLimitLease> AcquireAsync(IEnumerable<(SharedRateLimiter Limiter, long Cost)> uses, CancellationToken cancellationToken)
    {
        var held = new List<SharedLease>();
        attempt.WaitBegins(client.Standing.Time.GetTimestamp());
        try
        {
            foreach (var (limiter, cost) in ScarcestFirst(uses))
            {
                var lease = await limiter.WaitAsync(cost, attempt.Job.Key, Patience, first: held.Count > 0, cancellationToken);
                if (!lease.IsAcquired)
                {
                    throw Later(limiter, lease);
                }
                held.Add(lease);
            }
            return new SharedLease(held.SelectMany(static lease => lease.Permits));
        }
        catch
        {
            held.ForEach(static lease => lease.GiveBack());
            throw;
        }
        finally
        {
            attempt.WaitEnds(client.Standing.Time.GetTimestamp());
        }
    }

    /// <summary>The limiter of that name for this attempt's group.</summary>
    public SharedRateLimiter Limiter(string name) => client.For(name, attempt.Job.Group);

    /// <summary>By when the next slot is to be had, then by rate; numbers at once last, so that they are held no longer than they must.</summary>
    private List<(SharedRateLimiter Limiter, long Cost)> ScarcestFirst(IEnumerable<(SharedRateLimiter Limiter, long Cost)> uses) =>
        [.. uses.OrderByDescending(use => client.IsRate(use.Limiter.Name)).ThenBy(use => client.PerSecondOf(use.Limiter.Name) / use.Cost)];

    private static JobDeferredException Later(SharedRateLimiter limiter, SharedLease refused) => new(
        refused.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : Patience,
        $"Limit '{limiter.Name}' has no permit within {Patience.TotalSeconds:0} s.");
}
