using Fairlead.Engine;
using Fairlead.Storage;
using Fairlead.Testing;
using Fairlead.Testing.Simulation;

namespace Fairlead.Tests.Simulation;

/// <summary>Bugs that the simulation must find: put between the auditor and the store, or between a node and its way to the store.</summary>
internal static class PlantedBugs
{
    /// <summary>Each with a part of what the auditor must say about it.</summary>
    public static readonly IReadOnlyDictionary<string, (ClusterOptions Options, string Finding)> All = new Dictionary<string, (ClusterOptions, string)>(StringComparer.Ordinal)
    {
        ["the fence is not checked"] = (InStore((store, _) => new UncheckedFence(store)), "Applied, and had to be"),
        ["the lease is not renewed"] = (InNode((store, time) => new ForgottenHeartbeat(store, time)), "lease"),
        ["a counter is added twice"] = (InStore((store, _) => new CountedTwice(store)), "its counters add up"),
        ["finalize is enqueued twice"] = (InStore((store, _) => new FinalizedTwice(store)), "appeared"),
        ["finalize is never enqueued"] = (InStore((store, _) => new NeverFinalized(store)), "finalize"),
        ["a unique key is released too early"] = (InStore((store, _) => new EarlyKey(store)), "is doubled"),
        ["a retry is not counted"] = (InStore((store, _) => new UncountedRetry(store)), "attempt"),
        ["max_concurrent is exceeded by one"] = (InStore((store, _) => new OneTooMany(store)), "max_concurrent"),
        ["a change of max_concurrent is not obeyed"] = (InStore((store, _) => new UnheardChange(store)), "its max_concurrent is"),
        ["a limit lets one more through"] = (InStore((store, _) => new WiderFlow(store, limit => limit.Rate is { } rate ? new Rate(rate.Permits + 1, rate.Per) : limit)), "permits of 'steady'"),
        ["a number at once is exceeded by one"] = (InStore((store, _) => new WiderFlow(store, limit => limit.AtOnce is { } most ? Limit.Concurrent(most + 1) : limit)), "hold 'few' at once"),
        ["group_concurrency is exceeded by one"] = (InStore((store, _) => new WiderFlow(store, limit => limit, moreOfGroup: 1)), "its group_concurrency"),
        ["max_parallel is exceeded by one"] = (InStore((store, _) => new OneItemTooMany(store)), "items run at once"),
        ["a parent ends before its children"] = (InStore((store, _) => new EndedAtOnce(store)), "became Completed; expected Processing"),
        ["a parent never ends"] = (InStore((store, _) => new EndlessParent(store)), "became Processing; expected"),
        ["a parent that has ended runs and ends again"] = (InStore((store, _) => new EndedTwice(store)), "Queued"),
        ["a parent's children are lost"] = (InStore((store, _) => new LostChildren(store)), "expected Processing"),
        ["a blocked job is released when its predecessor fails"] = (InStore((store, _) => new ReleasedByFailure(store)), "Cancelled"),
        ["a lost answer of a claim is never reconciled"] = (InNode((store, _) => new NeverReconciled(store)), "was not reconciled"),
        ["what a failed attempt enqueued appears"] = (InStore((store, _) => new EnqueuedByFailure(store)), "appeared"),
        ["cancellations do not reach running attempts"] = (InNode((store, _) => new ForgottenCancellation(store)), "its cancellation"),
        ["nobody looks for dead nodes"] = (InNode((store, _) => new NeverRescued(store)), "its node died"),
        ["the next step is enqueued by the engine too"] = (InWork(worker => new NextStepTwice(worker)), "enqueues"),
    };

    private static ClusterOptions InStore(Func<IJobStore, TimeProvider, IJobStore> bug) => new() { StoreBug = bug };

    private static ClusterOptions InNode(Func<IJobStore, TimeProvider, IJobStore> bug) => new() { NodeBug = bug };

    private static ClusterOptions InWork(Func<IWorker, IWorker> bug) => new() { WorkBug = bug };

    /// <summary>Takes every result for that of whoever holds the job now.</summary>
    private sealed class UncheckedFence(IJobStore inner) : DelegatingJobStore(inner)
    {
        private readonly Dictionary<JobId, (NodeId Node, AttemptKey Key)> _holders = [];

        public override async ValueTask<ClaimResult> ClaimAsync(ClaimRequest request, CancellationToken cancellationToken = default)
        {
            var result = await Inner.ClaimAsync(request, cancellationToken);
            foreach (var job in result.Jobs)
            {
                _holders[job.Key.Job] = (request.Node, job.Key);
            }
            return result;
        }

        public override async ValueTask<IReadOnlyList<ApplyResult>> ApplyAsync(NodeId node, IReadOnlyList<JobTransition> transitions, CancellationToken cancellationToken = default)
        {
            var answers = new List<ApplyResult>();
            foreach (var transition in transitions)
            {
                var (holder, key) = _holders.GetValueOrDefault(transition.Attempt.Job, (node, transition.Attempt));
                answers.AddRange(await Inner.ApplyAsync(holder, [transition with { Attempt = key }], cancellationToken));
            }
            return answers;
        }
    }

    /// <summary>Says that it was heard of, and was not, after a while.</summary>
    private sealed class ForgottenHeartbeat(IJobStore inner, TimeProvider time) : DelegatingJobStore(inner)
    {
        private int _beats;

        public override ValueTask<HeartbeatReply> HeartbeatAsync(NodeId node, CancellationToken cancellationToken = default) =>
            ++_beats <= 5 ? Inner.HeartbeatAsync(node, cancellationToken) : new(new HeartbeatReply(true, time.GetUtcNow(), []));
    }

    /// <summary>A result that is delivered again, since its answer was lost, is counted again.</summary>
    private sealed class CountedTwice(IJobStore inner) : DelegatingJobStore(inner)
    {
        private readonly Dictionary<JobId, int> _extra = [];

        public override async ValueTask<IReadOnlyList<ApplyResult>> ApplyAsync(NodeId node, IReadOnlyList<JobTransition> transitions, CancellationToken cancellationToken = default)
        {
            var answers = await Inner.ApplyAsync(node, transitions, cancellationToken);
            for (var i = 0; i < answers.Count; i++)
            {
                if (answers[i] == ApplyResult.AlreadyApplied && await Inner.GetJobAsync(transitions[i].Attempt.Job, cancellationToken) is { Batch: { } batch })
                {
                    _extra[batch] = _extra.GetValueOrDefault(batch) + 1;
                }
            }
            return answers;
        }

        public override async ValueTask<Job?> GetJobAsync(JobId id, CancellationToken cancellationToken = default)
        {
            var job = await Inner.GetJobAsync(id, cancellationToken);
            return job?.BatchState is { } state && _extra.TryGetValue(id, out var extra)
                ? job with { BatchState = state with { Items = state.Items.Add(JobStatus.Completed, extra) } }
                : job;
        }
    }

    /// <summary>Two items that end in one call both see themselves as the last.</summary>
    private sealed class FinalizedTwice(IJobStore inner) : DelegatingJobStore(inner)
    {
        private readonly Dictionary<JobId, NewJob> _finalize = [];

        public override async ValueTask<JobId> EnqueueBatchAsync(NewBatch batch, CancellationToken cancellationToken = default)
        {
            var id = await Inner.EnqueueBatchAsync(batch, cancellationToken);
            if (batch.Finalize is { } finalize)
            {
                _finalize.Add(id, finalize with { Parent = id });
            }
            return id;
        }

        public override async ValueTask<IReadOnlyList<ApplyResult>> ApplyAsync(NodeId node, IReadOnlyList<JobTransition> transitions, CancellationToken cancellationToken = default)
        {
            var answers = await Inner.ApplyAsync(node, transitions, cancellationToken);
            var batches = new HashSet<JobId>();
            foreach (var transition in transitions)
            {
                if ((await Inner.GetJobAsync(transition.Attempt.Job, cancellationToken))?.Batch is { } batch && !batches.Add(batch)
                    && (await Inner.GetJobAsync(batch, cancellationToken))!.Status.IsEnded() && _finalize.TryGetValue(batch, out var finalize))
                {
                    await Inner.EnqueueAsync([finalize], cancellationToken);
                }
            }
            return answers;
        }
    }

    /// <summary>A parent is completed as soon as its children are there.</summary>
    private sealed class EndedAtOnce(IJobStore inner) : DelegatingJobStore(inner)
    {
        public override async ValueTask<Job?> GetJobAsync(JobId id, CancellationToken cancellationToken = default) =>
            await Inner.GetJobAsync(id, cancellationToken) is { } job ? job with { Status = job is { Children: not null, Status: JobStatus.Processing } ? JobStatus.Completed : job.Status } : null;
    }

    /// <summary>The end of the children is noted, and nothing follows from it.</summary>
    private sealed class EndlessParent(IJobStore inner) : DelegatingJobStore(inner)
    {
        public override async ValueTask<Job?> GetJobAsync(JobId id, CancellationToken cancellationToken = default) =>
            await Inner.GetJobAsync(id, cancellationToken) is { } job ? job with { Status = job is { Children: not null, Status: JobStatus.Completed } ? JobStatus.Processing : job.Status } : null;
    }

    /// <summary>Whoever ends the last child makes the parent ready once more.</summary>
    private sealed class EndedTwice(IJobStore inner) : DelegatingJobStore(inner)
    {
        public override async ValueTask<IReadOnlyList<ApplyResult>> ApplyAsync(NodeId node, IReadOnlyList<JobTransition> transitions, CancellationToken cancellationToken = default)
        {
            var answers = await Inner.ApplyAsync(node, transitions, cancellationToken);
            foreach (var transition in transitions)
            {
                if ((await Inner.GetJobAsync(transition.Attempt.Job, cancellationToken))?.Batch is { } batch
                    && await Inner.GetJobAsync(batch, cancellationToken) is { Parent: { } parent, Status: JobStatus.Failed })
                {
                    await Inner.RetryAsync(parent, cancellationToken);
                }
            }
            return answers;
        }
    }

    /// <summary>A job becomes a parent, and its children do not appear.</summary>
    private sealed class LostChildren(IJobStore inner) : DelegatingJobStore(inner)
    {
        public override ValueTask<IReadOnlyList<ApplyResult>> ApplyAsync(NodeId node, IReadOnlyList<JobTransition> transitions, CancellationToken cancellationToken = default) =>
            Inner.ApplyAsync(node, [.. transitions.Select(static transition => transition with { Children = transition.Children is { } children ? children with { Items = [] } : null })], cancellationToken);
    }

    /// <summary>Loses the finalize job of large batches.</summary>
    private sealed class NeverFinalized(IJobStore inner) : DelegatingJobStore(inner)
    {
        public override ValueTask<JobId> EnqueueBatchAsync(NewBatch batch, CancellationToken cancellationToken = default) =>
            Inner.EnqueueBatchAsync(batch.Items.Count > 20 ? batch with { Finalize = null } : batch, cancellationToken);
    }

    /// <summary>A key is free as soon as its job runs.</summary>
    private sealed class EarlyKey(IJobStore inner) : DelegatingJobStore(inner)
    {
        public override async ValueTask<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken = default)
        {
            var answers = (await Inner.EnqueueAsync(jobs, cancellationToken)).ToArray();
            for (var i = 0; i < answers.Length; i++)
            {
                if (answers[i].Existing && (await Inner.GetJobAsync(answers[i].Id, cancellationToken))!.Status == JobStatus.Processing)
                {
                    answers[i] = (await Inner.EnqueueAsync([jobs[i] with { UniqueKey = null }], cancellationToken))[0];
                }
            }
            return answers;
        }
    }

    private sealed class UncountedRetry(IJobStore inner) : DelegatingJobStore(inner)
    {
        public override ValueTask<IReadOnlyList<ApplyResult>> ApplyAsync(NodeId node, IReadOnlyList<JobTransition> transitions, CancellationToken cancellationToken = default) =>
            Inner.ApplyAsync(node, [.. transitions.Select(t => t.To == JobStatus.Scheduled ? t with { CostsAttempt = false } : t)], cancellationToken);
    }

    private sealed class OneTooMany(IJobStore inner) : DelegatingJobStore(inner)
    {
        public override ValueTask<NodeLease> JoinAsync(NodeRegistration registration, CancellationToken cancellationToken = default) =>
            Inner.JoinAsync(registration with { Queues = [.. registration.Queues.Select(q => q with { Definition = q.Definition with { MaxConcurrent = q.Definition.MaxConcurrent + 1 } })] }, cancellationToken);
    }

    /// <summary>An operator is told that his change is in force, and it is not.</summary>
    private sealed class UnheardChange(IJobStore inner) : DelegatingJobStore(inner)
    {
        public override async ValueTask<QueueDefinition?> ChangeQueueAsync(string queue, QueueChange? change, CancellationToken cancellationToken = default) =>
            await Inner.ChangeQueueAsync(queue, null, cancellationToken) is { } declared ? change?.ApplyTo(declared) ?? declared : null;
    }

    /// <summary>The store takes other limits, and other numbers of a group, for those that were declared.</summary>
    private sealed class WiderFlow(IJobStore inner, Func<Limit, Limit> wider, int moreOfGroup = 0) : DelegatingJobStore(inner)
    {
        public override ValueTask<NodeLease> JoinAsync(NodeRegistration registration, CancellationToken cancellationToken = default) => Inner.JoinAsync(
            registration with
            {
                Limits = [.. registration.Limits.Select(limit => limit with { Limit = wider(limit.Limit) })],
                Queues = [.. registration.Queues.Select(q => q with { Definition = q.Definition with { GroupConcurrency = q.Definition.GroupConcurrency + moreOfGroup } })],
            },
            cancellationToken);
    }

    private sealed class OneItemTooMany(IJobStore inner) : DelegatingJobStore(inner)
    {
        public override ValueTask<JobId> EnqueueBatchAsync(NewBatch batch, CancellationToken cancellationToken = default) =>
            Inner.EnqueueBatchAsync(batch with { MaxParallel = batch.MaxParallel + 1 }, cancellationToken);
    }

    /// <summary>Any end of what it waited for makes a job ready.</summary>
    private sealed class ReleasedByFailure(IJobStore inner) : DelegatingJobStore(inner)
    {
        private readonly Dictionary<JobId, IReadOnlyList<JobId>> _waiting = [];

        public override async ValueTask<IReadOnlyList<EnqueuedJob>> EnqueueAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken = default)
        {
            var answers = await Inner.EnqueueAsync(jobs, cancellationToken);
            for (var i = 0; i < answers.Count; i++)
            {
                if ((await Inner.GetJobAsync(answers[i].Id, cancellationToken))!.Status == JobStatus.Blocked)
                {
                    _waiting.TryAdd(answers[i].Id, jobs[i].After);
                }
            }
            return answers;
        }

        public override async ValueTask<IReadOnlyList<ApplyResult>> ApplyAsync(NodeId node, IReadOnlyList<JobTransition> transitions, CancellationToken cancellationToken = default)
        {
            var answers = await Inner.ApplyAsync(node, transitions, cancellationToken);
            var failed = transitions.Where(t => t.To == JobStatus.Failed).Select(t => t.Attempt.Job).ToHashSet();
            foreach (var (job, _) in _waiting.Where(w => w.Value.Any(failed.Contains)).ToArray())
            {
                await Inner.RetryAsync(job, cancellationToken);
            }
            return answers;
        }
    }

    private sealed class NeverReconciled(IJobStore inner) : DelegatingJobStore(inner)
    {
        public override ValueTask<int> ReconcileAsync(NodeId node, long sequence, IReadOnlyCollection<AttemptKey> held, CancellationToken cancellationToken = default) => new(0);
    }

    private sealed class EnqueuedByFailure(IJobStore inner) : DelegatingJobStore(inner)
    {
        private static readonly NewJob Child = new() { Queue = "fast", Kind = ClusterQueues.A, Payload = WorkPlan.Write(1) };

        public override ValueTask<IReadOnlyList<ApplyResult>> ApplyAsync(NodeId node, IReadOnlyList<JobTransition> transitions, CancellationToken cancellationToken = default) =>
            Inner.ApplyAsync(node, [.. transitions.Select(t => t.Outcome == AttemptOutcome.Failed ? t with { Enqueue = [Child] } : t)], cancellationToken);
    }

    private sealed class ForgottenCancellation(IJobStore inner) : DelegatingJobStore(inner)
    {
        public override async ValueTask<HeartbeatReply> HeartbeatAsync(NodeId node, CancellationToken cancellationToken = default) =>
            await Inner.HeartbeatAsync(node, cancellationToken) with { Cancel = [] };
    }

    private sealed class NeverRescued(IJobStore inner) : DelegatingJobStore(inner)
    {
        public override ValueTask<RescueResult> RescueAsync(CancellationToken cancellationToken = default) => new(RescueResult.None);
    }

    /// <summary>As the engine once did: the store adds the next step with the completion, and so did the engine.</summary>
    private sealed class NextStepTwice(IWorker inner) : IWorker
    {
        public bool EndsWork => inner.EndsWork;

        public async Task<WorkResult> RunAsync(Attempt attempt, CancellationToken cancellationToken)
        {
            var result = await inner.RunAsync(attempt, cancellationToken);
            return result is WorkResult.Completed done && attempt.Job.Then is { } then
                ? done with { Enqueue = [.. done.Enqueue, new NewJob { Queue = then.Queue, Kind = then.Kind, Payload = done.Result }] }
                : result;
        }
    }
}
