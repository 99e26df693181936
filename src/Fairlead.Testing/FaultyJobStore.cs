using Fairlead.Limits;
using Fairlead.Storage;

namespace Fairlead.Testing;

/// <summary>What happens to one call of a store.</summary>
public enum Fault
{
    /// <summary>Nothing: the call goes through.</summary>
    None = 0,

    /// <summary>The call fails before it happens: <see cref="StoreUnavailableException" />, nothing was changed.</summary>
    Fail = 1,

    /// <summary>The call happens, its answer is lost: <see cref="StoreUnavailableException" />, everything was changed.</summary>
    LoseAnswer = 2,

    /// <summary>The call happens after <see cref="StoreFault.Delay" />.</summary>
    StallBefore = 3,

    /// <summary>The call happens at once, its answer comes after <see cref="StoreFault.Delay" />.</summary>
    StallAfter = 4,
}

/// <summary>A fault and, where it stalls, for how long.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="Delay">How long it stalls, by the clock given to <see cref="FaultyJobStore" />; ignored unless it does.</param>
public readonly record struct StoreFault(Fault Kind, TimeSpan Delay = default)
{
    /// <summary>The call goes through.</summary>
    public static StoreFault None => default;
}

/// <summary>
/// Decides what happens to each call: given the verb's name without <c>Async</c> (<c>Claim</c>, <c>Apply</c>, …) and how many calls
/// the store has seen before this one.
/// </summary>
/// <param name="verb">The verb's name.</param>
/// <param name="call">Calls before this one, all verbs together.</param>
public delegate StoreFault FaultPlan(string verb, long call);

/// <summary>
/// A store that fails, stalls and loses answers on demand, in front of any other: what your jobs, and Fairlead's own engine, do when the
/// store is away. One plan decides about every call; <see cref="Next(Fault, string?)" /> and <see cref="Away" /> override it. With a seeded plan the
/// same calls meet the same faults.
/// </summary>
/// <param name="inner">The store that does the work; disposed with this one.</param>
/// <param name="clock">The clock that stalls go by.</param>
/// <param name="plan">What happens to each call; null lets all of them through.</param>
public sealed class FaultyJobStore(IJobStore inner, TimeProvider clock, FaultPlan? plan = null) : DelegatingJobStore(inner)
{
    private readonly Lock _gate = new();
    private readonly List<(string? Verb, StoreFault Fault)> _next = [];
    private long _calls;
    private long _faults;
    private volatile bool _away;
    private volatile bool _deaf;
    private volatile FaultPlan? _plan = plan;

    /// <summary>True: every call fails before it happens, until it is false again.</summary>
    public bool Away
    {
        get => _away;
        set => _away = value;
    }

    /// <summary>True: signals are lost until it is false again; they are hints, and nothing may depend on them.</summary>
    public bool Deaf
    {
        get => _deaf;
        set => _deaf = value;
    }

    /// <summary>What happens to each call from now on; null lets all of them through.</summary>
    public FaultPlan? Plan
    {
        get => _plan;
        set => _plan = value;
    }

    /// <summary>Calls seen so far.</summary>
    public long Calls => Interlocked.Read(ref _calls);

    /// <summary>Calls that met a fault so far.</summary>
    public long Faults => Interlocked.Read(ref _faults);

    /// <summary>The next call of <paramref name="verb" /> (any, when null) meets <paramref name="fault" />; several wait in line.</summary>
    /// <param name="fault">The fault.</param>
    /// <param name="verb">The verb's name without <c>Async</c>, for example <c>Claim</c>.</param>
    public void Next(StoreFault fault, string? verb = null)
    {
        lock (_gate)
        {
            _next.Add((verb, fault));
        }
    }

    /// <inheritdoc cref="Next(StoreFault, string?)" />
    public void Next(Fault fault, string? verb = null) => Next(new StoreFault(fault), verb);

    /// <summary>A plan of chance: of <paramref name="share" /> of all calls, a third each fail, lose their answer, and stall.</summary>
    /// <param name="random">Where chance comes from; equal seeds, equal plans.</param>
    /// <param name="share">From 0 to 1.</param>
    /// <param name="longestStall">Stalls are uniform up to this.</param>
    public static FaultPlan Chance(Random random, double share, TimeSpan longestStall) => (_, _) =>
    {
        if (random.NextDouble() >= share)
        {
            return StoreFault.None;
        }
        return random.Next(3) switch
        {
            0 => new(Fault.Fail),
            1 => new(Fault.LoseAnswer),
            _ => new(random.Next(2) == 0 ? Fault.StallBefore : Fault.StallAfter, longestStall * random.NextDouble()),
        };
    };

    /// <inheritdoc />
    public override IDisposable Listen(Action<StoreSignals> onSignal) => Inner.Listen(signals =>
    {
        if (!_deaf && !_away)
        {
            onSignal(signals);
        }
    });

    /// <inheritdoc />
    public override ValueTask OpenAsync(CancellationToken cancellationToken = default) =>
        MeetAsync("Open", inner => inner.OpenAsync(cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken = default) =>
        MeetAsync("Enqueue", inner => inner.EnqueueAsync(jobs, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<JobId> EnqueueBatchAsync(NewBatch batch, CancellationToken cancellationToken = default) =>
        MeetAsync("EnqueueBatch", inner => inner.EnqueueBatchAsync(batch, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<NodeLease> JoinAsync(NodeRegistration registration, CancellationToken cancellationToken = default) =>
        MeetAsync("Join", inner => inner.JoinAsync(registration, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask DeclareAsync(NodeId node, NodeRegistration registration, CancellationToken cancellationToken = default) =>
        MeetAsync("Declare", inner => inner.DeclareAsync(node, registration, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask ReportPoolsAsync(NodeId node, IReadOnlyList<PoolReport> pools, CancellationToken cancellationToken = default) =>
        MeetAsync("ReportPools", inner => inner.ReportPoolsAsync(node, pools, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<HeartbeatReply> HeartbeatAsync(NodeId node, CancellationToken cancellationToken = default) =>
        MeetAsync("Heartbeat", inner => inner.HeartbeatAsync(node, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<ClaimResult> ClaimAsync(ClaimRequest request, CancellationToken cancellationToken = default) =>
        MeetAsync("Claim", inner => inner.ClaimAsync(request, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<IReadOnlyList<KeyAnswer>> ClaimKeysAsync(KeyClaim claim, CancellationToken cancellationToken = default) =>
        MeetAsync("ClaimKeys", inner => inner.ClaimKeysAsync(claim, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<int> SettleKeysAsync(KeySettlement settlement, CancellationToken cancellationToken = default) =>
        MeetAsync("SettleKeys", inner => inner.SettleKeysAsync(settlement, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<IReadOnlyList<ScheduleRecord>> ListSchedulesAsync(CancellationToken cancellationToken = default) =>
        MeetAsync("ListSchedules", inner => inner.ListSchedulesAsync(cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<ScheduleWriteResult> WriteScheduleAsync(ScheduleWrite write, CancellationToken cancellationToken = default) =>
        MeetAsync("WriteSchedule", inner => inner.WriteScheduleAsync(write, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<int> ReconcileAsync(NodeId node, long sequence, IReadOnlyCollection<AttemptKey> held, CancellationToken cancellationToken = default) =>
        MeetAsync("Reconcile", inner => inner.ReconcileAsync(node, sequence, held, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<IReadOnlyList<ApplyResult>> ApplyAsync(NodeId node, IReadOnlyList<JobTransition> transitions, CancellationToken cancellationToken = default) =>
        MeetAsync("Apply", inner => inner.ApplyAsync(node, transitions, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask ReleaseAbandonedAsync(NodeId node, AttemptKey attempt, CancellationToken cancellationToken = default) =>
        MeetAsync("ReleaseAbandoned", inner => inner.ReleaseAbandonedAsync(node, attempt, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask ReportProgressAsync(NodeId node, IReadOnlyList<ProgressReport> reports, CancellationToken cancellationToken = default) =>
        MeetAsync("ReportProgress", inner => inner.ReportProgressAsync(node, reports, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask AppendLogAsync(IReadOnlyList<JobLogLine> lines, CancellationToken cancellationToken = default) =>
        MeetAsync("AppendLog", inner => inner.AppendLogAsync(lines, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask LeaveAsync(NodeId node, CancellationToken cancellationToken = default) =>
        MeetAsync("Leave", inner => inner.LeaveAsync(node, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask DeclareLimitsAsync(IReadOnlyList<NamedLimit> limits, CancellationToken cancellationToken = default) =>
        MeetAsync("DeclareLimits", inner => inner.DeclareLimitsAsync(limits, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<PermitAnswer> AcquireAsync(PermitRequest request, CancellationToken cancellationToken = default) =>
        MeetAsync("Acquire", inner => inner.AcquireAsync(request, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask ReleaseAsync(IReadOnlyList<Permit> permits, CancellationToken cancellationToken = default) =>
        MeetAsync("Release", inner => inner.ReleaseAsync(permits, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask ReportAsync(IReadOnlyList<LimitReport> reports, CancellationToken cancellationToken = default) =>
        MeetAsync("Report", inner => inner.ReportAsync(reports, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<IReadOnlyList<LimitInfo>> ListLimitsAsync(CancellationToken cancellationToken = default) =>
        MeetAsync("ListLimits", inner => inner.ListLimitsAsync(cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<bool> ChangeLimitAsync(string name, Limit? limit, CancellationToken cancellationToken = default) =>
        MeetAsync("ChangeLimit", inner => inner.ChangeLimitAsync(name, limit, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<IReadOnlyList<GroupInfo>> ListGroupsAsync(string queue, int limit = 100, CancellationToken cancellationToken = default) =>
        MeetAsync("ListGroups", inner => inner.ListGroupsAsync(queue, limit, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask PauseGroupAsync(string queue, string group, bool paused, CancellationToken cancellationToken = default) =>
        MeetAsync("PauseGroup", inner => inner.PauseGroupAsync(queue, group, paused, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<IReadOnlyList<BreakerInfo>> ListBreakersAsync(CancellationToken cancellationToken = default) =>
        MeetAsync("ListBreakers", inner => inner.ListBreakersAsync(cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<bool> OpenBreakerAsync(string key, TimeSpan? time, CancellationToken cancellationToken = default) =>
        MeetAsync("OpenBreaker", inner => inner.OpenBreakerAsync(key, time, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<bool> CloseBreakerAsync(string key, CancellationToken cancellationToken = default) =>
        MeetAsync("CloseBreaker", inner => inner.CloseBreakerAsync(key, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask PauseAsync(string queue, CancellationToken cancellationToken = default) =>
        MeetAsync("Pause", inner => inner.PauseAsync(queue, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask ResumeAsync(string queue, CancellationToken cancellationToken = default) =>
        MeetAsync("Resume", inner => inner.ResumeAsync(queue, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<QueueDefinition?> ChangeQueueAsync(string queue, QueueChange? change, CancellationToken cancellationToken = default) =>
        MeetAsync("ChangeQueue", inner => inner.ChangeQueueAsync(queue, change, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<int> EndWorkersAsync(string? worker, CancellationToken cancellationToken = default) =>
        MeetAsync("EndWorkers", inner => inner.EndWorkersAsync(worker, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<CancelResult?> CancelAsync(JobId job, CancellationToken cancellationToken = default) =>
        MeetAsync("Cancel", inner => inner.CancelAsync(job, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<int?> RetryAsync(JobId job, CancellationToken cancellationToken = default) =>
        MeetAsync("Retry", inner => inner.RetryAsync(job, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<RescueResult> RescueAsync(CancellationToken cancellationToken = default) =>
        MeetAsync("Rescue", inner => inner.RescueAsync(cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<int> ExpireAsync(int limit = 1000, CancellationToken cancellationToken = default) =>
        MeetAsync("Expire", inner => inner.ExpireAsync(limit, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<int> PruneAsync(Retention retention, int limit = 1000, CancellationToken cancellationToken = default) =>
        MeetAsync("Prune", inner => inner.PruneAsync(retention, limit, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<Job?> GetJobAsync(JobId id, CancellationToken cancellationToken = default) =>
        MeetAsync("GetJob", inner => inner.GetJobAsync(id, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<JobId?> FindBatchAsync(string name, CancellationToken cancellationToken = default) =>
        MeetAsync("FindBatch", inner => inner.FindBatchAsync(name, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<JobPage> ListJobsAsync(JobQuery query, CancellationToken cancellationToken = default) =>
        MeetAsync("ListJobs", inner => inner.ListJobsAsync(query, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<IReadOnlyList<QueueInfo>> ListQueuesAsync(CancellationToken cancellationToken = default) =>
        MeetAsync("ListQueues", inner => inner.ListQueuesAsync(cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<IReadOnlyList<NodeInfo>> ListNodesAsync(CancellationToken cancellationToken = default) =>
        MeetAsync("ListNodes", inner => inner.ListNodesAsync(cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<IReadOnlyList<NodePool>> ListPoolsAsync(CancellationToken cancellationToken = default) =>
        MeetAsync("ListPools", inner => inner.ListPoolsAsync(cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<LogPage> ReadLogAsync(JobId job, long after = 0, int limit = 1000, string? contains = null, CancellationToken cancellationToken = default) =>
        MeetAsync("ReadLog", inner => inner.ReadLogAsync(job, after, limit, contains, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<IReadOnlyList<JobTimeline>> GetTimelinesAsync(JobId job, CancellationToken cancellationToken = default) =>
        MeetAsync("GetTimelines", inner => inner.GetTimelinesAsync(job, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<IReadOnlyList<BlockInterval>> GetBlocksAsync(string queue, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken = default) =>
        MeetAsync("GetBlocks", inner => inner.GetBlocksAsync(queue, from, to, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override ValueTask<StoreCounters> GetCountersAsync(CancellationToken cancellationToken = default) =>
        MeetAsync("GetCounters", inner => inner.GetCountersAsync(cancellationToken), cancellationToken);

    private async ValueTask MeetAsync(string verb, Func<IJobStore, ValueTask> call, CancellationToken cancellationToken) => await MeetAsync(
        verb,
        async inner =>
        {
            await call(inner);
            return true;
        },
        cancellationToken);

    private ValueTask<T> MeetAsync<T>(string verb, Func<IJobStore, ValueTask<T>> call, CancellationToken cancellationToken)
    {
        var fault = Decide(verb);
        return fault.Kind == Fault.None ? call(Inner) : SufferAsync(verb, fault, call, cancellationToken);
    }

    private async ValueTask<T> SufferAsync<T>(string verb, StoreFault fault, Func<IJobStore, ValueTask<T>> call, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _faults);
        switch (fault.Kind)
        {
            case Fault.Fail:
                throw new StoreUnavailableException($"{verb} failed before it happened (a fault on demand).");
            case Fault.StallBefore:
                await Task.Delay(fault.Delay, clock, cancellationToken);
                return await call(Inner);
            case Fault.StallAfter:
                var late = await call(Inner);
                await Task.Delay(fault.Delay, clock, cancellationToken);
                return late;
            default:
                await call(Inner);
                throw new StoreUnavailableException($"{verb} happened, and its answer was lost (a fault on demand).");
        }
    }

    private StoreFault Decide(string verb)
    {
        lock (_gate)
        {
            var call = _calls++;
            if (_away)
            {
                return new(Fault.Fail);
            }
            var at = _next.FindIndex(n => n.Verb is null || n.Verb == verb);
            if (at < 0)
            {
                return _plan?.Invoke(verb, call) ?? StoreFault.None;
            }
            var fault = _next[at].Fault;
            _next.RemoveAt(at);
            return fault;
        }
    }
}
