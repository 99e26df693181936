using Fairlead.Diagnostics;
using Fairlead.Policies;
using Fairlead.Storage.InMemory;

namespace Fairlead.Storage;

public sealed partial class InMemoryJobStore
{
    private static readonly TimeSpan NodesKept = TimeSpan.FromHours(1);

    /// <inheritdoc />
    public ValueTask<RescueResult> RescueAsync(CancellationToken cancellationToken = default) => CommitAsync(Rescue, cancellationToken);

    /// <inheritdoc />
    public ValueTask<int> ExpireAsync(int limit = 1000, CancellationToken cancellationToken = default) =>
        CommitAsync(now => Expire(limit, now), cancellationToken);

    /// <inheritdoc />
    public ValueTask<int> PruneAsync(Retention retention, int limit = 1000, CancellationToken cancellationToken = default) =>
        CommitAsync(now => Prune(retention, limit, now), cancellationToken);

    private RescueResult Rescue(DateTimeOffset now)
    {
        List<NodeRow>? dead = null;
        foreach (var node in _nodes.Values)
        {
            if (node.IsMember && !node.HoldsLease(now))
            {
                (dead ??= []).Add(node);
            }
        }
        if (dead is null)
        {
            return RescueResult.None;
        }
        var infos = new List<NodeInfo>(dead.Count);
        var (requeued, poisoned) = (0, 0);
        foreach (var node in dead)
        {
            foreach (var job in node.Running.ToList())
            {
                var end = LoseNode(job, now);
                requeued += end == JobStatus.Queued ? 1 : 0;
                poisoned += end == JobStatus.Failed ? 1 : 0;
            }
            EndMembership(node, now);
            _nodesLost++;
            infos.Add(node.ToInfo());
        }
        return new(infos, requeued, poisoned);
    }

    private JobStatus LoseNode(JobRow job, DateTimeOffset now)
    {
        job.NodesLost++;
        var settlement = NodeLoss.Settle(job.NodesLost, job.CancelRequested);
        TakeBack(job, AttemptOutcome.Lost, settlement, now);
        return settlement.Status;
    }

    private int Expire(int limit, DateTimeOffset now)
    {
        var late = new List<JobRow>();
        foreach (var job in _deadlines)
        {
            if (job.Deadline > now || late.Count >= limit)
            {
                break;
            }
            if (job.Status != JobStatus.Processing)
            {
                late.Add(job);
            }
        }
        var expired = 0;
        foreach (var job in late)
        {
            // The end of an earlier one may have ended this one with it.
            if (!job.Status.IsEnded())
            {
                var reason = ReasonOf(job, now)!.Value;
                End(job, JobStatus.Failed, $"Its deadline passed while it waited for {reason.Cause.ToWire()} ({reason.Key}).", now);
                expired++;
            }
        }
        return expired;
    }

    private int Prune(Retention retention, int limit, DateTimeOffset now)
    {
        var forgotten = Prune(_endedWell, now - retention.Completed, limit);
        forgotten += Prune(_endedBadly, now - retention.Failed, limit - forgotten);
        forgotten += DropExpiredKeys(limit - forgotten, now);
        foreach (var id in _nodes.Where(n => n.Value.LeftAt <= now - NodesKept).Select(static n => n.Key).ToList())
        {
            _nodes.Remove(id);
        }
        _queueOrder.ForEach(queue => ForgetIdleGroups(queue, now));
        ForgetIdleLimits(now);
        return forgotten;
    }

    private int Prune(SortedSet<JobRow> ended, DateTimeOffset before, int limit)
    {
        var old = ended.TakeWhile(job => job.EndedAt <= before).Where(static job => !HoldsSomething(job)).Take(Math.Max(limit, 0)).ToList();
        var forgotten = 0;
        foreach (var job in old)
        {
            if (forgotten >= limit)
            {
                break;
            }
            ended.Remove(job);
            forgotten += Forget(job);
        }
        return forgotten;
    }

    /// <summary>An abandoned attempt still holds its unique key: its job must be there to be named.</summary>
    private static bool HoldsSomething(JobRow job) => job.Abandoned > 0 || job.AsBatch?.Items.Exists(static i => i.Abandoned > 0) == true;

    private int Forget(JobRow job)
    {
        WriteDownKeys(job);
        _jobs.Remove(job);
        if (job.AsBatch is not { } batch)
        {
            Count(job, -1);
            return 1;
        }
        if (batch.Definition.Name is { } name && _batchNames.TryGetValue(name, out var named) && named.Remove(job) && named.Count == 0)
        {
            _batchNames.Remove(name);
        }
        foreach (var item in batch.Items)
        {
            WriteDownKeys(item);
            _jobs.Remove(item);
            Count(item, -1);
        }
        return batch.Items.Count + 1;
    }
}
