using Fairlead.Limits;
using Fairlead.Storage;

namespace Fairlead.Diagnostics;

/// <summary>How long the scarcest limit takes to give the permits that the work has used: no schedule ends sooner.</summary>
/// <param name="Seconds">That long.</param>
/// <param name="Name">Which limit.</param>
internal readonly record struct LimitBound(double Seconds, string Name)
{
    /// <summary>No limit binds.</summary>
    public static LimitBound None => new(0, "");

    /// <summary>The scarcest limit of the queues of these jobs. Where a rate was changed while they ran, the higher one counts: a bound is never too high.</summary>
    public static async ValueTask<LimitBound> FindAsync(IJobStore store, IReadOnlyList<JobTimeline> jobs, CancellationToken cancellationToken)
    {
        var queues = (await store.ListQueuesAsync(cancellationToken)).ToDictionary(queue => queue.Name, StringComparer.Ordinal);
        var demand = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var job in jobs)
        {
            foreach (var use in queues.TryGetValue(job.Queue, out var queue) ? queue.Definition?.Limits ?? [] : [])
            {
                demand[use.Name] = demand.GetValueOrDefault(use.Name) + (job.Attempts.Count * use.Cost);
            }
        }
        if (demand.Count == 0)
        {
            return None;
        }
        return (await store.ListLimitsAsync(cancellationToken))
            .Where(limit => limit.Group is null && demand.ContainsKey(limit.Name))
            .Select(limit => new LimitBound(Takes(limit, demand[limit.Name]), limit.Name))
            .Append(None)
            .MaxBy(bound => bound.Seconds);
    }

    private static double Takes(LimitInfo limit, long permits)
    {
        if (limit.InForce is not { Rate: { } rate, PerGroup: false, Resets: null } || limit.Declared.Rate is not { } declared)
        {
            return 0;
        }
        var atOnce = limit.InForce.Shape == LimitShape.Window ? rate.Permits : limit.InForce.Burst;
        return Math.Max(0, permits - atOnce) / Math.Max(rate.PerSecond, declared.PerSecond);
    }
}
