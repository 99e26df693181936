using Fairlead.Storage;

namespace Fairlead.Testing.Simulation;

// What each verb may do, and must.
internal sealed partial class Auditor
{
    public void Enqueued(IReadOnlyList<NewJob> jobs, IReadOnlyList<EnqueuedJob> answers)
    {
        for (var i = 0; i < jobs.Count; i++)
        {
            journal.Write("client", answers[i].Existing ? "enqueue existing" : "enqueue", answers[i].Id.Value);
            var holder = jobs[i].UniqueKey is { } key ? _keys.GetValueOrDefault((jobs[i].Queue, key)) : null;
            if (answers[i].Existing)
            {
                Require(holder?.Id == answers[i].Id, $"The unique key '{jobs[i].UniqueKey}' is held by {holder?.Id}, the answer named {answers[i].Id}");
                continue;
            }
            Require(holder is null, $"the unique key '{jobs[i].UniqueKey}' is doubled: {holder?.Id} holds it ({holder?.Status}), and {answers[i].Id} was added", holder);
            if (Failure is null)
            {
                Add(answers[i].Id, jobs[i], null);
            }
        }
    }

    public void BatchEnqueued(NewBatch definition, JobId id)
    {
        journal.Write("client", "enqueue batch", id.Value, definition.Items.Count);
        AddBatch(definition, id);
    }

    private ShadowBatch AddBatch(NewBatch definition, JobId id)
    {
        var header = new ShadowJob(id, definition.Queue) { Status = JobStatus.Queued };
        var batch = header.AsBatch = new ShadowBatch(header, definition);
        _jobs.Add(id.Value, header);
        _inOrder.Add(header);
        for (var i = 0; i < definition.Items.Count; i++)
        {
            Add(new(id.Value + 1 + i), definition.Items[i], batch);
        }
        Touch(batch);
        return batch;
    }

    public void Joined(SimulatedNode owner, NodeRegistration registration, NodeLease lease)
    {
        journal.Write(owner.Name, "join", lease.Node.Value);
        Require(!_nodes.ContainsKey(lease.Node.Value), $"Node id {lease.Node} was given twice");
        _nodes[lease.Node.Value] = new(lease.Node, owner, registration, Now);
    }

    public void Heard(NodeId id, HeartbeatReply reply)
    {
        var node = _nodes[id.Value];
        Require(reply.Held == node.IsMember, $"Node {id} was told that it {(reply.Held ? "holds" : "lost")} its lease, which is not so");
        if (!node.IsMember)
        {
            journal.Write(node.Owner.Name, "lease lost", id.Value);
            return;
        }
        node.HeartbeatAt = Now;
        var marked = node.Running.Count(job => job.CancelRequested);
        Require(reply.Cancel.Count == marked, $"Node {id} was told of {reply.Cancel.Count} cancellations, {marked} of its jobs are cancelled");
    }

    public void Claimed(ClaimRequest request, ClaimResult result)
    {
        var node = _nodes[request.Node.Value];
        if (result.Jobs.Count > 0)
        {
            Require(node.HoldsLease(Now), $"Node {node.Id} claimed without a lease");
            Require(request.Sequence >= node.Reconciled, $"Node {node.Id} was given jobs by a claim that came late ({request.Sequence}, reconciled with {node.Reconciled})");
            Require(result.Jobs.Count <= Math.Max(request.Slots, 1), $"Node {node.Id} asked for {request.Slots} jobs and was given {result.Jobs.Count}");
        }
        node.LastSequence = Math.Max(node.LastSequence, request.Sequence);
        if (result.DrainForSolo)
        {
            journal.Write(node.Owner.Name, "drain for solo", node.Id.Value, node.Running.Count);
        }
        node.Owner.NoteRoom(node.Running.Count + result.Jobs.Count);
        foreach (var claimed in result.Jobs)
        {
            journal.Write(node.Owner.Name, "claim", claimed.Key.Job.Value, claimed.Key.Fence, node.Id.Value);
            Start(node, request, claimed);
        }
        HoldPriorities(request, result);
    }

    private void Start(ShadowNode node, ClaimRequest request, ClaimedJob claimed)
    {
        if (Find(claimed.Key.Job) is not { } job)
        {
            Fail($"Job {claimed.Key.Job} was claimed and never enqueued.", claimed.Key.Job);
            return;
        }
        var solo = job.NodesLost >= Policies.NodeLoss.SoloAfter;
        Require(job.Waits, $"it was claimed while {job.Status}{(job.Unmet.Count > 0 ? $", waiting for {job.Unmet[0].Id}" : "")}{(job.Holder is null ? "" : $", held by node {job.Holder.Id}")}", job);
        Require(job.Status != JobStatus.Scheduled || job.DueAt <= Now, $"it was claimed before its time, {job.DueAt:O}", job);
        Require(claimed.Key.Fence > job.Fence, $"its fence did not grow: {job.Fence}, then {claimed.Key.Fence}", job);
        Require(claimed.Attempt == job.Spent + 1, $"its attempt is numbered {claimed.Attempt} after {job.Spent} spent", job);
        var retries = job.Spec!.Retries ?? ClusterQueues.Named(job.Queue).Retries;
        Require(claimed.Attempt <= retries + 1, $"it begins attempt {claimed.Attempt} with {retries} retries", job);
        Require(!QueueNamed(job.Queue).Paused, "it was claimed from a paused queue", job);
        Require(request.Queues.Any(queue => queue.Queue == job.Queue && queue.Kinds.Contains(job.Kind)), $"node {node.Id} does not know '{job.Kind}' there", job);
        Require(!solo || (node.Running.Count == 0 && request.Idle), "it lost two nodes and does not run alone", job);
        Require(solo || !node.Running.Any(other => other.NodesLost >= Policies.NodeLoss.SoloAfter), $"it was given to node {node.Id}, where another runs alone", job);
        (job.Fence, job.Holder, job.ClaimedAt) = (claimed.Key.Fence, node, Now);
        node.Running.Add(job);
        _claimedBy[claimed.Key] = node;
        Becomes(job, JobStatus.Processing);
        if (job.Batch is { Header.Status: JobStatus.Queued } batch)
        {
            batch.Header.Status = JobStatus.Processing;
        }
        var most = QueueNamed(job.Queue).Most;
        Require(most is null || QueueNamed(job.Queue).Tally.Processing <= most,
            $"{QueueNamed(job.Queue).Tally.Processing} jobs of its queue run at once, its max_concurrent is {most}", job);
        HoldFlow(job);
    }

    /// <summary>Inside a group of a queue, nothing of lower priority is taken before what is ready.</summary>
    private void HoldPriorities(ClaimRequest request, ClaimResult result)
    {
        foreach (var queue in request.Queues)
        {
            foreach (var group in result.Jobs.Where(claimed => claimed.Queue == queue.Queue && !claimed.Solo).GroupBy(claimed => claimed.Group))
            {
                var lowest = group.Min(claimed => claimed.Priority);
                var better = _inOrder.Find(job => job.Status == JobStatus.Queued && job.AsBatch is null && job.Queue == queue.Queue && job.Spec!.Group == group.Key && job.Spec!.Priority > lowest
                    && job.Batch?.Definition.MaxParallel is null && job.NodesLost < Policies.NodeLoss.SoloAfter && queue.Kinds.Contains(job.Kind));
                Require(better is null, $"it is ready with priority {better?.Spec?.Priority}, and one with {lowest} was taken", better);
            }
        }
    }

    public void Reconciled(NodeId id, long sequence, IReadOnlyCollection<AttemptKey> held, int count)
    {
        var node = _nodes[id.Value];
        journal.Write(node.Owner.Name, "reconcile", id.Value, sequence, count);
        if (!node.IsMember || sequence < node.LastSequence)
        {
            Require(count == 0, $"A reconciliation of node {id} that came late gave back {count} jobs");
            return;
        }
        (node.LastSequence, node.Reconciled) = (sequence, sequence);
        var lost = node.Running.Where(job => !held.Contains(new(job.Id, job.Fence))).ToArray();
        Require(count == lost.Length, $"Node {id} does not hold {lost.Length} of its jobs, {count} were given back");
        GiveBack(lost);
    }

    private void GiveBack(ShadowJob[] jobs)
    {
        foreach (var job in jobs)
        {
            Becomes(job, job.CancelRequested ? JobStatus.Cancelled : JobStatus.Queued);
        }
    }

    public void Applied(NodeId id, IReadOnlyList<JobTransition> transitions, IReadOnlyList<ApplyResult> answers)
    {
        var node = _nodes[id.Value];
        node.Owner.NoteRoom(node.Running.Count);
        for (var i = 0; i < transitions.Count && Failure is null; i++)
        {
            var (transition, answer) = (transitions[i], answers[i]);
            journal.Write(node.Owner.Name, $"apply {transition.Outcome.ToWire()} {answer}", transition.Attempt.Job.Value, transition.Attempt.Fence, id.Value);
            if (Find(transition.Attempt.Job) is not { } job)
            {
                Fail($"A result came for job {transition.Attempt.Job}, which was never enqueued.");
                return;
            }
            var holds = job.Status == JobStatus.Processing && job.Holder == node && job.Fence == transition.Attempt.Fence;
            var again = !holds && job.Applied.Contains((transition.Attempt.Fence, id, transition.Outcome));
            var right = holds ? ApplyResult.Applied : again ? ApplyResult.AlreadyApplied : ApplyResult.Stale;
            Require(answer == right, $"the result of its attempt {transition.Attempt.Fence} on node {id} was {answer}, and had to be {right}: it is {job.Status}, fence {job.Fence}, held by {job.Holder?.Id}", job);
            if (holds && answer == ApplyResult.Applied)
            {
                Settle(node, job, transition);
            }
        }
        for (var i = 0; i < transitions.Count && Failure is null; i++)
        {
            var job = Find(transitions[i].Attempt.Job)!;
            Require(answers[i] == ApplyResult.Applied || (Read(job.Id) is { } actual && Same(actual.Status, job.Status, job)), "a result that was refused changed it", job);
        }
    }

    private void Settle(ShadowNode node, ShadowJob job, JobTransition transition)
    {
        var costs = transition.Outcome is AttemptOutcome.Completed or AttemptOutcome.Failed or AttemptOutcome.TimedOut;
        job.Applied.Add((transition.Attempt.Fence, node.Id, transition.Outcome));
        var branches = transition.Children is { Items.Count: > 0 } && !job.CancelRequested;
        job.Spent += costs && !branches ? 1 : 0;
        if (transition.Abandoned)
        {
            job.Abandoned.Add((job.Fence, node.Id));
            QueueNamed(job.Queue).Abandoned++;
        }
        RequireRightTimes(node, job, transition);
        var late = job.Deadline - Now <= transition.Delay || (ClusterQueues.Named(job.Queue).RetryBudget is not null && transition.CostsAttempt);
        if (branches)
        {
            Branch(node, job, transition.Children!);
        }
        else if (transition.To.IsEnded())
        {
            Becomes(job, transition.To);
        }
        else if (job.CancelRequested)
        {
            Becomes(job, JobStatus.Cancelled);
        }
        else if (transition.Children is not null)
        {
            Becomes(job, JobStatus.Completed);
        }
        else if (late)
        {
            Becomes(job, JobStatus.Scheduled, JobStatus.Queued, JobStatus.Failed);
        }
        else
        {
            Becomes(job, transition.To, JobStatus.Queued);
        }
        // After its end and all that came with it: keys are free by then.
        Expect(job, transition);
    }

    /// <summary>It stays as it is without its node, and its children appear with this step.</summary>
    private void Branch(ShadowNode node, ShadowJob job, NewBatch children)
    {
        Becomes(job, JobStatus.Processing);
        node.Running.Remove(job);
        job.Holder = null;
        if (Read(job.Id)?.Children is not { } id || id.Value <= _lastId || Read(id) is not { BatchState: not null } header)
        {
            Fail($"Job {job.Id} has become a parent, and its {children.Items.Count} children did not appear.", job.Id);
            return;
        }
        Require(header.Parent == job.Id, $"its children's batch {id} names {header.Parent} as its parent", job);
        job.Children = AddBatch(children, id);
        job.Children.Owner = job;
    }

    /// <summary>However wrong its clock is, a node stamps its attempts by the store's.</summary>
    private void RequireRightTimes(ShadowNode node, ShadowJob job, JobTransition transition)
    {
        Require(transition.EndedAt <= Now && transition.StartedAt <= transition.EndedAt, $"its attempt says {transition.StartedAt:mm:ss.fff} to {transition.EndedAt:mm:ss.fff}, and it is {Now:mm:ss.fff}", job);
        Require(transition.StartedAt >= job.ClaimedAt - Soon || !node.Owner.IsWellFor(Patience),
            $"its attempt says that it began at {transition.StartedAt:mm:ss.fff}, and it was claimed at {job.ClaimedAt:mm:ss.fff}", job);
    }

    /// <summary>What comes with a completion; nothing comes with any other end.</summary>
    private void Expect(ShadowJob job, JobTransition transition)
    {
        var planned = transition.Outcome == AttemptOutcome.Completed ? plans.Find(job.Spec!.Payload).Children : [];
        Require(transition.Enqueue.Count == planned.Count && transition.Enqueue.SequenceEqual(planned),
            $"its attempt {transition.Attempt.Fence} ({transition.Outcome}) enqueues {transition.Enqueue.Count} jobs, its work enqueued {planned.Count}", job);
        var branched = transition.Children is not null && job.Status != JobStatus.Cancelled;
        if (transition.To != JobStatus.Completed && !branched)
        {
            return;
        }
        foreach (var next in transition.Enqueue)
        {
            var held = next.UniqueKey is { } key ? _keys.GetValueOrDefault((next.Queue, key)) : null;
            var twice = next.UniqueKey is not null && _expected.Exists(e => e.Job.Queue == next.Queue && e.Job.UniqueKey == next.UniqueKey);
            if (!twice && held is null)
            {
                _expected.Add(new(next, null, $"enqueue on completion of {job.Id}"));
            }
        }
        if (!branched && (job.Spec!.Then ?? ClusterQueues.Named(job.Queue).Then) is { } then)
        {
            var following = new NewJob { Queue = then.Queue, Kind = then.Kind, Payload = transition.Result, Priority = job.Spec.Priority, Group = job.Spec.Group };
            _expected.Add(new(following, job.Id, "next step"));
        }
    }

    public void AbandonedReleased(NodeId id, AttemptKey attempt)
    {
        journal.Write(_nodes[id.Value].Owner.Name, "release abandoned", attempt.Job.Value, attempt.Fence);
        if (_nodes[id.Value].IsMember && Find(attempt.Job) is { } job && job.Abandoned.Remove((attempt.Fence, id)))
        {
            QueueNamed(job.Queue).Abandoned--;
            FreeKey(job);
        }
    }

    public void Left(NodeId id)
    {
        var node = _nodes[id.Value];
        journal.Write(node.Owner.Name, "leave", id.Value);
        if (node.IsMember)
        {
            GiveBack([.. node.Running]);
            EndMembership(node);
        }
    }

    private void EndMembership(ShadowNode node)
    {
        node.IsMember = false;
        foreach (var job in _inOrder)
        {
            var released = job.Abandoned.RemoveAll(attempt => attempt.Node == node.Id);
            if (released > 0)
            {
                QueueNamed(job.Queue).Abandoned -= released;
                FreeKey(job);
            }
        }
    }

    public void Rescued(RescueResult result)
    {
        var dead = _nodes.Values.Where(node => node.IsMember && !node.HoldsLease(Now)).ToArray();
        Require(dead.Select(node => node.Id).SequenceEqual(result.DeadNodes.Select(node => node.Id)),
            $"Nodes {string.Join(", ", result.DeadNodes.Select(node => node.Id))} were found dead; silent for their lease were {string.Join(", ", dead.Select(node => node.Id))}");
        foreach (var node in dead)
        {
            journal.Write(node.Owner.Name, "found dead", node.Id.Value, node.Running.Count);
            Require(node.Owner.Engine.Id != node.Id || !node.Owner.IsWellFor(node.Registration.Lease + TimeSpan.FromSeconds(3)),
                $"Node {node.Id} ({node.Owner.Name}) lost its lease although nothing had happened to it: its lease was not renewed");
            foreach (var job in node.Running.ToArray())
            {
                job.NodesLost++;
                Becomes(job, job.NodesLost >= Policies.NodeLoss.PoisonAfter ? JobStatus.Failed : job.CancelRequested ? JobStatus.Cancelled : JobStatus.Queued);
            }
            EndMembership(node);
        }
    }

    public void Changed(string name, QueueChange? change, QueueDefinition? inForce)
    {
        var queue = QueueNamed(name);
        var most = change is null ? ClusterQueues.Named(name).MaxConcurrent : change.MaxConcurrent ?? queue.Most;
        journal.Write("client", "change " + name, most ?? 0);
        if (inForce is null)
        {
            Require(_nodes.Count == 0, $"queue {name} was declared, and could not be changed");
            return;
        }
        Require(inForce.MaxConcurrent == most, $"queue {name} has max_concurrent {most} in force, the answer said {inForce.MaxConcurrent}");
        // Whoever looks for what is left undone has to give nodes the time to hear of the room.
        (queue.Most, queue.LastFull) = (most, Now);
    }

    public void Paused(string queue, bool paused)
    {
        journal.Write("client", paused ? "pause" : "resume", more: queue);
        (QueueNamed(queue).Paused, QueueNamed(queue).LastFull) = (paused, Now);
    }

    public void Cancelled(JobId id, CancelResult? result)
    {
        journal.Write("client", "cancel", id.Value, result?.Cancelled ?? -1, result?.Running ?? -1);
        if (Find(id) is not { } job)
        {
            return;
        }
        var marked = new List<ShadowJob>();
        for (var rest = new Queue<ShadowJob>([job]); rest.TryDequeue(out var one);)
        {
            if (one.AsBatch is { } batch)
            {
                one.CancelRequested = !one.Ended;
                batch.Items.ForEach(rest.Enqueue);
            }
            else if (one.Status == JobStatus.Processing)
            {
                one.CancelAt = one.CancelRequested ? one.CancelAt : Now;
                one.CancelRequested = true;
                marked.Add(one);
                if (one.Holder is null)
                {
                    rest.Enqueue(one.Children!.Header);
                }
            }
            else if (!one.Ended)
            {
                Becomes(one, JobStatus.Cancelled);
            }
        }
        var running = marked.Count(one => one.Status == JobStatus.Processing);
        Require(result?.Running == running, $"its cancellation marked {result?.Running} running jobs, {running} run", job);
    }

    public void Retried(JobId id, int? result)
    {
        journal.Write("client", "retry", id.Value, result ?? -1);
        if (Find(id) is not { } job)
        {
            return;
        }
        var again = (job.AsBatch?.Items ?? [job]).FindAll(MayRetry);
        Require(result == again.Count, $"{result} jobs were made ready again, {again.Count} had failed", job);
        if (again.Count > 0 && (job.AsBatch ?? job.Batch) is { } batch)
        {
            batch.Generation++;
            batch.Header.CancelRequested = false;
            Touch(batch);
        }
        foreach (var one in again)
        {
            Renew(one);
        }
        if (again.Count > 0 && (job.AsBatch ?? job.Batch) is { } reopened)
        {
            Becomes(reopened.Header, JobStatus.Processing, JobStatus.Queued);
        }
    }

    private bool MayRetry(ShadowJob job) => job.Status is JobStatus.Failed or JobStatus.Cancelled
        && (job.Spec!.UniqueKey is not { } key || !_keys.TryGetValue((job.Queue, key), out var holder) || holder == job);

    private void Renew(ShadowJob job)
    {
        job.Spent = 0;
        job.Deadline = Now + job.DeadlineLength;
        job.Unmet.Clear();
        if (job.Spec!.UniqueKey is { } key)
        {
            _keys[(job.Queue, key)] = job;
        }
        Becomes(job, JobStatus.Queued);
    }

    public void Expired(int count)
    {
        if (count == 0)
        {
            return;
        }
        journal.Write("upkeep", "expire", count);
        var found = 0;
        foreach (var job in _inOrder.FindAll(job => job.AsBatch is null && job.Deadline <= Now && !job.Ended && job.Status != JobStatus.Processing).OrderBy(job => job.Deadline).ThenBy(job => job.Id.Value))
        {
            if (!job.Ended)
            {
                Becomes(job, JobStatus.Failed);
                found++;
            }
        }
        Require(found == count, $"{count} jobs were failed for their deadline, {found} were past it");
    }
}
