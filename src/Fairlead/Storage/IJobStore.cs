namespace Fairlead.Storage;

/// <summary>
/// The one place where the truth is kept. The promises stand beside the verbs; the conformance cases of Fairlead.Testing prove
/// them on every store. Unless a verb says otherwise: each call is one transaction, it has happened when the call returns and
/// survives <c>kill -9</c> of every process then; a <see cref="StoreUnavailableException" /> means that it did not happen or that
/// its answer was lost; every verb may be called from any thread. Texts (names, keys, groups, errors, lines of a log) come back as they were given and are
/// equal only to themselves, whatever is in them: zero characters and halves of surrogate pairs included.
/// </summary>
public interface IJobStore : IJobIntake, IJobWork, IJobLimits, IJobKeys, IJobSchedules, IJobControl, IJobFlowControl, IJobUpkeep, IJobQueries, IAsyncDisposable
{
    /// <summary>The store as operators know it, without secrets: <c>sqlite:/data/app.db</c>, <c>memory:</c>.</summary>
    string Description { get; }

    /// <summary>What the loops of a host should know about this store.</summary>
    StoreTraits Traits { get; }

    /// <summary>
    /// Makes the store ready for use: creates or migrates what is missing, under a lock, once for all processes. May be called again.
    /// </summary>
    /// <exception cref="StoreMismatchException">The content belongs to another program or a newer version.</exception>
    /// <exception cref="StoreUnavailableException">It cannot be reached or written.</exception>
    ValueTask OpenAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Calls <paramref name="onSignal" /> soon after something of that kind was committed by any process. Signals are hints: they may
    /// be lost, doubled or merged, they never block, and a slow poll must stand behind them. Disposing ends the calls.
    /// </summary>
    IDisposable Listen(Action<StoreSignals> onSignal);
}

/// <summary>What has happened in a store, as a hint to look.</summary>
[Flags]
public enum StoreSignals
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Work became ready, is due sooner than before, or room appeared in a queue or batch that was full.</summary>
    Work = 1,

    /// <summary>A cancellation, a pause, a resume or another change by an operator.</summary>
    Control = 2,

    /// <summary>Jobs or batches ended.</summary>
    Ended = 4,

    /// <summary>A schedule's definition or state was changed.</summary>
    Schedules = 8,
}

/// <summary>What the loops of a host should know about a store.</summary>
/// <param name="Heartbeat">How often a node should call <see cref="IJobWork.HeartbeatAsync" />.</param>
/// <param name="Sweep">How often <see cref="IJobUpkeep.RescueAsync" /> should be called: 1 s where death is silence, less where the store knows it at once, or asks nobody while no lease can have ended.</param>
/// <param name="Poll">How often to look for work behind the signals.</param>
public sealed record StoreTraits(TimeSpan Heartbeat, TimeSpan Sweep, TimeSpan Poll);

/// <summary>What producers ask of a store.</summary>
public interface IJobIntake
{
    /// <summary>
    /// Adds jobs, all or none. Ids grow in the order of the list. A job whose unique key is held in its queue by one that has not ended
    /// (or by an abandoned attempt) is not added: the answer names the holder; two of one call count in order. A job whose
    /// <see cref="NewJob.After" /> names an unfinished job is blocked; one that names a failed or cancelled job is cancelled at once.
    /// </summary>
    /// <returns>One answer for each job, in order.</returns>
    /// <exception cref="ArgumentException">A job waits for one that does not exist; nothing was added.</exception>
    ValueTask<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken = default);

    /// <summary>
    /// Adds a batch and all its items, all or nothing, whatever their number. Items get consecutive places from 0. An item whose unique
    /// key is held elsewhere is an error: a batch holds exactly the items it was given, unless <see cref="NewBatch.LeaveOutHeld" /> says otherwise.
    /// </summary>
    /// <returns>The batch's id; its items' ids follow it.</returns>
    /// <exception cref="ArgumentException">The batch is empty, or an item's unique key is held; the message names it. Nothing was added.</exception>
    ValueTask<JobId> EnqueueBatchAsync(NewBatch batch, CancellationToken cancellationToken = default);
}

/// <summary>What nodes ask of a store.</summary>
public interface IJobWork
{
    /// <summary>Begins a node's life: from here on it may claim, for as long as it is heard of within its lease.</summary>
    /// <exception cref="StoreMismatchException">A live node holds another definition of one of the queues, limits or schedules; the message names both.</exception>
    /// <exception cref="ArgumentException">A queue uses a limit that nobody has declared.</exception>
    ValueTask<NodeLease> JoinAsync(NodeRegistration registration, CancellationToken cancellationToken = default);

    /// <summary>
    /// Replaces what a live node registered, all or nothing: its queues with their definitions and kinds, its limits, its schedules, its slots. What it
    /// runs goes on, of queues it no longer serves too. An operator's change stays in force above what is declared. Nothing happens for
    /// a node without its lease: it declares when it joins.
    /// </summary>
    /// <exception cref="StoreMismatchException">Another live node holds another definition of one of the queues, limits or schedules; the message names both. Nothing was changed.</exception>
    /// <exception cref="ArgumentException">A queue uses a limit that nobody has declared. Nothing was changed.</exception>
    ValueTask DeclareAsync(NodeId node, NodeRegistration registration, CancellationToken cancellationToken = default);

    /// <summary>
    /// Keeps what a node says of its pools, in place of what it said before; of a node without its lease it is ignored. What it said is
    /// forgotten with the node's life, and so is every wish to end a worker that it no longer names.
    /// </summary>
    ValueTask ReportPoolsAsync(NodeId node, IReadOnlyList<PoolReport> pools, CancellationToken cancellationToken = default);

    /// <summary>
    /// Renews the lease, unless it was lost. Carries back which attempts somebody asked to cancel, which workers to end, and what is in
    /// force for its queues where an operator changed it. A group's running attempts are charged
    /// here for what exceeds their estimate: hung work is not free.
    /// </summary>
    ValueTask<HeartbeatReply> HeartbeatAsync(NodeId node, CancellationToken cancellationToken = default);

    /// <summary>
    /// Takes ready jobs for a node. Everything that may keep a job from running is decided here, in this one step: pause, due time,
    /// kind and version, the queue's <c>max_concurrent</c> (never exceeded, in the cluster, at any instant), a batch's parallelism.
    /// Scheduled jobs whose time has come are ready. Within a queue the group with the least service per weight goes next
    /// (<see cref="Policies.FairQueue" />; jobs without a group count as one where there are others); within a group, and in a queue
    /// without groups: higher priority first, then the order of enqueueing.
    /// A group is passed over while it is paused, quarantined by its breaker, or has its number in flight (<c>group_concurrency</c>, never
    /// exceeded, abandoned attempts included). A job whose queue names limits is given only together with its permits, of all of them or
    /// none: rates by their slots, numbers at once until its attempt really ends; one that lacks a permit holds no slot and costs nothing.
    /// A job that lost two nodes is given only to a node that asks idle, alone, and that node gets nothing else while it runs.
    /// A node without a lease, or a late <see cref="ClaimRequest.Sequence" />, gets nothing. Each claim raises the job's fence.
    /// Why ready work was left (paused, breaker, group, limit, slots) is recorded in the same step; when time alone can help, the
    /// answer says when (<see cref="ClaimResult.NextDue" />).
    /// </summary>
    ValueTask<ClaimResult> ClaimAsync(ClaimRequest request, CancellationToken cancellationToken = default);

    /// <summary>
    /// After a claim whose answer was lost: gives back everything the store counts as this node's and which is not in
    /// <paramref name="held" />, at no cost, and refuses claims of this node with a lower sequence number from now on. One that comes
    /// late itself, after a claim or reconciliation of the node with a higher number, does nothing: it does not know what was given since.
    /// </summary>
    /// <returns>How many were given back.</returns>
    ValueTask<int> ReconcileAsync(NodeId node, long sequence, IReadOnlyCollection<AttemptKey> held, CancellationToken cancellationToken = default);

    /// <summary>
    /// Ends attempts. Each transition stands for itself: applied if the attempt still holds its job, refused without any effect if not;
    /// one answer each, in order. A job that became a parent (<see cref="JobTransition.Branched" />) is no longer its node's. With it, in the same transaction: what it enqueues, its <c>then</c>, the counters of batch and queue,
    /// the release of jobs that waited for it, and, when it was a batch's last item, the end of the batch and its finalize job.
    /// A job may enqueue its own successor under its own unique key. A job enqueued here that waits for one that does not exist is cancelled at once: nobody is there to be told. The budget of a queue
    /// that paces its retries is kept in the same step: a first attempt pays in when it ends, a retry takes out (<see cref="Policies.RetryBudget" />).
    /// What a group was charged is corrected to what its attempt took, and its breaker hears how it ended (<see cref="Policies.BreakerState" />).
    /// </summary>
    ValueTask<IReadOnlyList<ApplyResult>> ApplyAsync(NodeId node, IReadOnlyList<JobTransition> transitions, CancellationToken cancellationToken = default);

    /// <summary>An abandoned attempt's code has ended at last: what it kept (its unique key, its group's place, its permits) is free. Unknown ones are ignored.</summary>
    ValueTask ReleaseAbandonedAsync(NodeId node, AttemptKey attempt, CancellationToken cancellationToken = default);

    /// <summary>Keeps the latest progress of running attempts; reports of attempts that no longer hold their job are ignored.</summary>
    ValueTask ReportProgressAsync(NodeId node, IReadOnlyList<ProgressReport> reports, CancellationToken cancellationToken = default);

    /// <summary>
    /// Appends to jobs' logs, in order. Lines of unknown jobs are ignored. Durable with the next commit of any kind. Of each attempt the first
    /// 10,000 lines and 1 MiB are kept, then one line says that it was cut; of each line 64 KiB.
    /// </summary>
    ValueTask AppendLogAsync(IReadOnlyList<JobLogLine> lines, CancellationToken cancellationToken = default);

    /// <summary>Ends a node's life in good order: whatever it still holds is handed back at no cost. Its id is never accepted again.</summary>
    ValueTask LeaveAsync(NodeId node, CancellationToken cancellationToken = default);
}

/// <summary>How far an attempt says it has come.</summary>
/// <param name="Attempt">The attempt.</param>
/// <param name="Processed">Done so far.</param>
/// <param name="Total">Of how many.</param>
public sealed record ProgressReport(AttemptKey Attempt, long Processed, long Total);

/// <summary>One line of a job's log.</summary>
/// <param name="Attempt">The attempt that wrote it.</param>
/// <param name="At">When.</param>
/// <param name="Level">Its level; output of programs is information, their standard error warning.</param>
/// <param name="Message">The text; a store may cut it at 64 KiB.</param>
public sealed record JobLogLine(AttemptKey Attempt, DateTimeOffset At, Microsoft.Extensions.Logging.LogLevel Level, string Message);

/// <summary>What operators ask of a store.</summary>
public interface IJobControl
{
    /// <summary>Stops claims of a queue; what runs goes on. The pause outlives every process. A queue that is not known yet is made.</summary>
    ValueTask PauseAsync(string queue, CancellationToken cancellationToken = default);

    /// <summary>Ends a pause.</summary>
    ValueTask ResumeAsync(string queue, CancellationToken cancellationToken = default);

    /// <summary>
    /// Changes a queue from now on, above what nodes declare; a later change is laid over an earlier one, and null takes all of them
    /// back. Claims obey it at once, nodes hear of it by a signal and with each heartbeat. What runs goes on: a queue that may have
    /// fewer processing than it has gets nothing until it is below.
    /// </summary>
    /// <returns>What is in force now; null when no node has ever declared such a queue: then nothing was changed.</returns>
    /// <exception cref="ArgumentException">The change is not sound.</exception>
    ValueTask<QueueDefinition?> ChangeQueueAsync(string queue, QueueChange? change, CancellationToken cancellationToken = default);

    /// <summary>
    /// Asks the node of a worker to end it (null: all nodes, all workers that there are now); what it works at is ended with it, as by a
    /// crash: it costs an attempt. The node is told by a signal and its next heartbeat.
    /// </summary>
    /// <returns>How many workers were asked for; zero when there is none of that id.</returns>
    ValueTask<int> EndWorkersAsync(string? worker, CancellationToken cancellationToken = default);

    /// <summary>
    /// Cancels a job, or every item of a batch that has not ended. What waits is cancelled now; what runs is marked, its node is told
    /// by its next heartbeat, and it is never run again. Jobs blocked by a cancelled one are cancelled too, and counted. A batch that was
    /// cancelled ends as cancelled when any of its items did; its finalize job is enqueued like after any other end. A parent's children are cancelled with it, and it counts among what runs until the last of them has ended.
    /// </summary>
    /// <returns>How many were cancelled now and how many are running and were marked; zero for ended ones; null when there is no such job.</returns>
    ValueTask<CancelResult?> CancelAsync(JobId job, CancellationToken cancellationToken = default);

    /// <summary>
    /// Makes a failed or cancelled job ready again with all its retries, or every failed and cancelled item of a batch, which then opens a new generation:
    /// its finalize job is enqueued once more when the last of them ends. Its deadline counts from now, as long as it was at first. The
    /// nodes it lost stay counted: a poisoned job runs alone. A parent runs anew and gets new children. One whose unique key another job holds by now is left as it is.
    /// </summary>
    /// <returns>How many are ready again; null when there is no such job.</returns>
    ValueTask<int?> RetryAsync(JobId job, CancellationToken cancellationToken = default);
}

/// <summary>What a cancellation did.</summary>
/// <param name="Cancelled">Jobs that waited and are cancelled now.</param>
/// <param name="Running">Jobs that run and were marked: they end as soon as their node hears of it.</param>
public readonly record struct CancelResult(int Cancelled, int Running);

/// <summary>What the maintenance loops of nodes ask of a store. Any node may call each verb at any time; the effect is the same.</summary>
public interface IJobUpkeep
{
    /// <summary>
    /// Finds nodes whose lease has ended and makes their jobs ready again at once, at no cost to the jobs. A job that has lost three
    /// nodes, the third time running alone, is failed as poison. A node is judged only on silence during which this store could be
    /// written: a stalled disk costs nobody a lease.
    /// </summary>
    ValueTask<RescueResult> RescueAsync(CancellationToken cancellationToken = default);

    /// <summary>Fails jobs that wait past their deadline, saying what they waited for. At most <paramref name="limit" /> in one call.</summary>
    /// <returns>How many were failed.</returns>
    ValueTask<int> ExpireAsync(int limit = 1000, CancellationToken cancellationToken = default);

    /// <summary>Forgets ended jobs (batches with all their items) older than their retention, and keys that have expired; what became of attempts that held keys is written down first. At most <paramref name="limit" /> in one call.</summary>
    /// <returns>How many were forgotten.</returns>
    ValueTask<int> PruneAsync(Retention retention, int limit = 1000, CancellationToken cancellationToken = default);
}

/// <summary>How long ended jobs are kept.</summary>
/// <param name="Completed">Completed ones.</param>
/// <param name="Failed">Failed and cancelled ones.</param>
public sealed record Retention(TimeSpan Completed, TimeSpan Failed)
{
    /// <summary>7 days for completed jobs, 30 days for failed and cancelled ones.</summary>
    public static Retention Default { get; } = new(TimeSpan.FromDays(7), TimeSpan.FromDays(30));
}

/// <summary>What a rescue found.</summary>
/// <param name="DeadNodes">The nodes that were found dead.</param>
/// <param name="Requeued">Jobs that are ready again.</param>
/// <param name="Poisoned">Jobs that were failed because three nodes died with them.</param>
public sealed record RescueResult(IReadOnlyList<NodeInfo> DeadNodes, int Requeued, int Poisoned)
{
    /// <summary>Nothing was found.</summary>
    public static RescueResult None { get; } = new([], 0, 0);
}
