using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>The limits of one queue during one claim: says whether a job can have all its permits now, and takes them.</summary>
internal sealed class LimitGate
{
    // Those who reserve ahead need to know that jobs wait, not since when to the millisecond.
    private static readonly TimeSpan NotedEvery = TimeSpan.FromSeconds(1);

    private readonly Session session;
    private readonly List<(LimitUse Use, LimitEntry Limit)> limits = [];

    public LimitGate(Session session, QueueDefinition? queue)
    {
        this.session = session;
        foreach (var use in queue?.Limits ?? [])
        {
            if (session.Limit(use.Name) is { } limit)
            {
                limits.Add((use, limit));
            }
        }
    }

    public bool IsOpen => limits.Count == 0;

    /// <summary>Whether a payload says what its job costs; where none does, none is read.</summary>
    public bool ReadsPayloads => limits.Exists(static entry => entry.Use.CostPointer is not null);

    /// <summary>Whether a permit is held until its attempt ends.</summary>
    public bool Holds => limits.Exists(static entry => entry.Limit.InForce.IsConcurrent);

    /// <summary>Why a job cannot have its permits now; null when it can.</summary>
    public WaitReason? Refusal(string? group, ReadOnlyMemory<byte> payload) => First(group, payload)?.Reason;

    /// <summary>
    /// The same of a job whose turn it is, and whether that is its group's matter alone: that it waits is remembered, so that those who
    /// reserve ahead leave it something.
    /// </summary>
    public (WaitReason Reason, bool OfGroup)? Leave(string? group, ReadOnlyMemory<byte> payload)
    {
        if (First(group, payload) is not var (reason, limit, key, cost))
        {
            return null;
        }
        var state = session.StateOf(limit.Id, key);
        if (session.Time - state.JobsWaitedAt >= NotedEvery || state.JobsCost != cost)
        {
            session.ChangedStateOf(limit.Id, key).JobWaits(cost, session.Time);
        }
        return (reason, limit.InForce.PerGroup);
    }

    /// <summary>Takes the permits of a job that is not refused; those of numbers at once are held by its attempt.</summary>
    public void Take(string? group, ReadOnlyMemory<byte> payload, NodeId node, AttemptKey attempt)
    {
        foreach (var (use, limit) in limits)
        {
            var key = PermitDesk.KeyOf(limit.InForce, group);
            var cost = CostOf(use, payload);
            session.ChangedStateOf(limit.Id, key).Take(limit.InForce, cost, session.Time, forJob: true);
            if (limit.InForce.IsConcurrent)
            {
                session.Hold(session.NextPermit(), limit.Id, key, cost, node, attempt);
            }
        }
    }

    /// <summary>The store could not be reached since then: calls may still use what they have reserved by themselves.</summary>
    public void LearnAfterOutage(DateTimeOffset since)
    {
        foreach (var (_, limit) in limits)
        {
            foreach (var key in session.LimitKeys(limit.Id))
            {
                session.ChangedStateOf(limit.Id, key).LearnForJobs(limit.InForce, since, PermitDesk.Horizon, session.Time);
            }
        }
    }

    private (WaitReason Reason, LimitEntry Limit, string Key, long Cost)? First(string? group, ReadOnlyMemory<byte> payload)
    {
        foreach (var (use, limit) in limits)
        {
            var (key, cost) = (PermitDesk.KeyOf(limit.InForce, group), CostOf(use, payload));
            if (PermitDesk.Refusal(limit.Name, key, limit.InForce, session.StateOf(limit.Id, key), cost, session.Time) is { } reason)
            {
                return (reason, limit, key, cost);
            }
        }
        return null;
    }

    private static long CostOf(LimitUse use, ReadOnlyMemory<byte> payload) =>
        use.CostPointer is { } pointer ? JsonPointer.Cost(payload, pointer) ?? use.Cost : use.Cost;
}
