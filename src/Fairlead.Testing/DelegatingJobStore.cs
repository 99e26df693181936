using Fairlead.Limits;
using Fairlead.Storage;

namespace Fairlead.Testing;

/// <summary>A store that passes every call on to another: the base for stores that watch, fail or change single calls in tests.</summary>
/// <param name="inner">The store behind it; disposed with it.</param>
public abstract class DelegatingJobStore(IJobStore inner) : IJobStore
{
    /// <summary>The store behind this one.</summary>
    protected IJobStore Inner { get; } = inner;

    /// <inheritdoc />
    public virtual string Description => Inner.Description;

    /// <inheritdoc />
    public virtual StoreTraits Traits => Inner.Traits;

    /// <inheritdoc />
    public virtual ValueTask OpenAsync(CancellationToken cancellationToken = default) => Inner.OpenAsync(cancellationToken);

    /// <inheritdoc />
    public virtual IDisposable Listen(Action<StoreSignals> onSignal) => Inner.Listen(onSignal);

    /// <inheritdoc />
    public virtual ValueTask<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken = default) =>
        Inner.EnqueueAsync(jobs, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<JobId> EnqueueBatchAsync(NewBatch batch, CancellationToken cancellationToken = default) =>
        Inner.EnqueueBatchAsync(batch, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<NodeLease> JoinAsync(NodeRegistration registration, CancellationToken cancellationToken = default) =>
        Inner.JoinAsync(registration, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<HeartbeatReply> HeartbeatAsync(NodeId node, CancellationToken cancellationToken = default) =>
        Inner.HeartbeatAsync(node, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask DeclareAsync(NodeId node, NodeRegistration registration, CancellationToken cancellationToken = default) =>
        Inner.DeclareAsync(node, registration, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask ReportPoolsAsync(NodeId node, IReadOnlyList<PoolReport> pools, CancellationToken cancellationToken = default) =>
        Inner.ReportPoolsAsync(node, pools, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<ClaimResult> ClaimAsync(ClaimRequest request, CancellationToken cancellationToken = default) =>
        Inner.ClaimAsync(request, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<IReadOnlyList<KeyAnswer>> ClaimKeysAsync(KeyClaim claim, CancellationToken cancellationToken = default) =>
        Inner.ClaimKeysAsync(claim, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<int> SettleKeysAsync(KeySettlement settlement, CancellationToken cancellationToken = default) =>
        Inner.SettleKeysAsync(settlement, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<IReadOnlyList<ScheduleRecord>> ListSchedulesAsync(CancellationToken cancellationToken = default) =>
        Inner.ListSchedulesAsync(cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<ScheduleWriteResult> WriteScheduleAsync(ScheduleWrite write, CancellationToken cancellationToken = default) =>
        Inner.WriteScheduleAsync(write, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<int> ReconcileAsync(NodeId node, long sequence, IReadOnlyCollection<AttemptKey> held, CancellationToken cancellationToken = default) =>
        Inner.ReconcileAsync(node, sequence, held, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<IReadOnlyList<ApplyResult>> ApplyAsync(NodeId node, IReadOnlyList<JobTransition> transitions, CancellationToken cancellationToken = default) =>
        Inner.ApplyAsync(node, transitions, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask ReleaseAbandonedAsync(NodeId node, AttemptKey attempt, CancellationToken cancellationToken = default) =>
        Inner.ReleaseAbandonedAsync(node, attempt, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask ReportProgressAsync(NodeId node, IReadOnlyList<ProgressReport> reports, CancellationToken cancellationToken = default) =>
        Inner.ReportProgressAsync(node, reports, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask AppendLogAsync(IReadOnlyList<JobLogLine> lines, CancellationToken cancellationToken = default) =>
        Inner.AppendLogAsync(lines, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask LeaveAsync(NodeId node, CancellationToken cancellationToken = default) => Inner.LeaveAsync(node, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask PauseAsync(string queue, CancellationToken cancellationToken = default) => Inner.PauseAsync(queue, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask ResumeAsync(string queue, CancellationToken cancellationToken = default) => Inner.ResumeAsync(queue, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<QueueDefinition?> ChangeQueueAsync(string queue, QueueChange? change, CancellationToken cancellationToken = default) =>
        Inner.ChangeQueueAsync(queue, change, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<int> EndWorkersAsync(string? worker, CancellationToken cancellationToken = default) => Inner.EndWorkersAsync(worker, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<CancelResult?> CancelAsync(JobId job, CancellationToken cancellationToken = default) => Inner.CancelAsync(job, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<int?> RetryAsync(JobId job, CancellationToken cancellationToken = default) => Inner.RetryAsync(job, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<RescueResult> RescueAsync(CancellationToken cancellationToken = default) => Inner.RescueAsync(cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<int> ExpireAsync(int limit = 1000, CancellationToken cancellationToken = default) => Inner.ExpireAsync(limit, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<int> PruneAsync(Retention retention, int limit = 1000, CancellationToken cancellationToken = default) =>
        Inner.PruneAsync(retention, limit, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<Job?> GetJobAsync(JobId id, CancellationToken cancellationToken = default) => Inner.GetJobAsync(id, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<JobId?> FindBatchAsync(string name, CancellationToken cancellationToken = default) => Inner.FindBatchAsync(name, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<JobPage> ListJobsAsync(JobQuery query, CancellationToken cancellationToken = default) => Inner.ListJobsAsync(query, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<IReadOnlyList<QueueInfo>> ListQueuesAsync(CancellationToken cancellationToken = default) => Inner.ListQueuesAsync(cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<IReadOnlyList<NodeInfo>> ListNodesAsync(CancellationToken cancellationToken = default) => Inner.ListNodesAsync(cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<IReadOnlyList<NodePool>> ListPoolsAsync(CancellationToken cancellationToken = default) => Inner.ListPoolsAsync(cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<LogPage> ReadLogAsync(JobId job, long after = 0, int limit = 1000, string? contains = null, CancellationToken cancellationToken = default) =>
        Inner.ReadLogAsync(job, after, limit, contains, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<IReadOnlyList<JobTimeline>> GetTimelinesAsync(JobId job, CancellationToken cancellationToken = default) =>
        Inner.GetTimelinesAsync(job, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<IReadOnlyList<BlockInterval>> GetBlocksAsync(string queue, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken = default) =>
        Inner.GetBlocksAsync(queue, from, to, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<StoreCounters> GetCountersAsync(CancellationToken cancellationToken = default) => Inner.GetCountersAsync(cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask DeclareLimitsAsync(IReadOnlyList<NamedLimit> limits, CancellationToken cancellationToken = default) =>
        Inner.DeclareLimitsAsync(limits, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<PermitAnswer> AcquireAsync(PermitRequest request, CancellationToken cancellationToken = default) =>
        Inner.AcquireAsync(request, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask ReleaseAsync(IReadOnlyList<Permit> permits, CancellationToken cancellationToken = default) =>
        Inner.ReleaseAsync(permits, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask ReportAsync(IReadOnlyList<LimitReport> reports, CancellationToken cancellationToken = default) =>
        Inner.ReportAsync(reports, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<IReadOnlyList<LimitInfo>> ListLimitsAsync(CancellationToken cancellationToken = default) =>
        Inner.ListLimitsAsync(cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<bool> ChangeLimitAsync(string name, Limit? limit, CancellationToken cancellationToken = default) =>
        Inner.ChangeLimitAsync(name, limit, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<IReadOnlyList<GroupInfo>> ListGroupsAsync(string queue, int limit = 100, CancellationToken cancellationToken = default) =>
        Inner.ListGroupsAsync(queue, limit, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask PauseGroupAsync(string queue, string group, bool paused, CancellationToken cancellationToken = default) =>
        Inner.PauseGroupAsync(queue, group, paused, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<IReadOnlyList<BreakerInfo>> ListBreakersAsync(CancellationToken cancellationToken = default) =>
        Inner.ListBreakersAsync(cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<bool> OpenBreakerAsync(string key, TimeSpan? time, CancellationToken cancellationToken = default) =>
        Inner.OpenBreakerAsync(key, time, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask<bool> CloseBreakerAsync(string key, CancellationToken cancellationToken = default) =>
        Inner.CloseBreakerAsync(key, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Inner.DisposeAsync();
    }
}
