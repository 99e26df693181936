namespace Fairlead.Storage.InMemory;

/// <summary>The limits of one queue during one claim: says whether a job can have all its permits now, and takes them.</summary>
internal sealed class LimitGate(QueueRow queue, Func<string, LimitRow?> find, DateTimeOffset now)
{
    private readonly List<(LimitUse Use, LimitRow Limit)> _limits = Resolve(queue, find);

    /// <summary>Why a job cannot have its permits now, and whether that is its group's matter alone; null when it can.</summary>
    public (WaitReason Reason, bool OfGroup)? Refusal(JobRow job) => FirstRefusal(job) is var (reason, limit, _, _) ? (reason, limit.InForce.PerGroup) : null;

    /// <summary>The same of a job whose turn it is: that it waits is remembered, so that those who reserve ahead leave it something.</summary>
    public (WaitReason Reason, bool OfGroup)? Leave(JobRow job)
    {
        if (FirstRefusal(job) is not var (reason, limit, state, cost))
        {
            return null;
        }
        state.JobWaits(cost, now);
        return (reason, limit.InForce.PerGroup);
    }

    /// <summary>Takes the permits of a job that is not refused; those of numbers at once are held by it.</summary>
    public void Take(JobRow job)
    {
        foreach (var (use, limit) in _limits)
        {
            var state = limit.StateOf(PermitDesk.KeyOf(limit.InForce, job.Group));
            var cost = CostOf(use, job);
            state.Take(limit.InForce, cost, now, forJob: true);
            if (limit.InForce.IsConcurrent)
            {
                (job.Holds ??= []).Add(new(limit, state, cost, 0, null));
            }
        }
    }

    /// <summary>The store could not be reached since then: calls may still use what they have reserved by themselves.</summary>
    public void LearnAfterOutage(DateTimeOffset since)
    {
        foreach (var (_, limit) in _limits)
        {
            foreach (var state in limit.States.Values)
            {
                state.LearnForJobs(limit.InForce, since, PermitDesk.Horizon, now);
            }
        }
    }

    private (WaitReason Reason, LimitRow Limit, Policies.LimitState State, long Cost)? FirstRefusal(JobRow job)
    {
        foreach (var (use, limit) in _limits)
        {
            var key = PermitDesk.KeyOf(limit.InForce, job.Group);
            var (state, cost) = (limit.StateOf(key), CostOf(use, job));
            if (PermitDesk.Refusal(limit.Name, key, limit.InForce, state, cost, now) is { } reason)
            {
                return (reason, limit, state, cost);
            }
        }
        return null;
    }

    private static long CostOf(LimitUse use, JobRow job) =>
        use.CostPointer is { } pointer ? JsonPointer.Cost(job.Payload, pointer) ?? use.Cost : use.Cost;

    private static List<(LimitUse, LimitRow)> Resolve(QueueRow queue, Func<string, LimitRow?> find)
    {
        var limits = new List<(LimitUse, LimitRow)>();
        foreach (var use in queue.InForce?.Limits ?? [])
        {
            if (find(use.Name) is { } limit)
            {
                limits.Add((use, limit));
            }
        }
        return limits;
    }
}
