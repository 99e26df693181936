using Fairlead.Diagnostics;
using Fairlead.Storage;

namespace Fairlead.Testing.Simulation;

// What nodes do beside calling the store, what must happen in time, and how it all must end.
internal sealed partial class Auditor
{
    private static readonly TimeSpan RescueWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(7);
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private readonly HashSet<(SimulatedNode Node, AttemptKey Attempt)> _atWork = [];
    private readonly HashSet<AttemptKey> _begun = [];
    private readonly List<(DateTimeOffset At, ShadowJob Job, long Fence)> _orphans = [];

    private readonly Dictionary<AttemptKey, ShadowNode> _claimedBy = [];
    private DateTimeOffset _lastSolo;

    /// <summary>Attempts whose code runs now.</summary>
    public int AtWork => _atWork.Count;

    public void AttemptStarted(SimulatedNode node, AttemptKey attempt, bool toldToStop)
    {
        journal.Write(node.Name, "begin", attempt.Job.Value, attempt.Fence);
        _atWork.Add((node, attempt));
        var job = Find(attempt.Job);
        Require(_begun.Add(attempt), $"its attempt {attempt.Fence} was begun twice", job);
        Require(job is not null && job.Fence >= attempt.Fence, $"its attempt {attempt.Fence} was begun and never claimed", job);
        Require(_claimedBy.GetValueOrDefault(attempt)?.Id == node.Engine.Id,
            $"its attempt {attempt.Fence} was begun on {node.Name} under node id {_claimedBy.GetValueOrDefault(attempt)?.Id}, and the node knew that it is {node.Engine.Id} now", job);
        Require(!toldToStop, $"its attempt {attempt.Fence} was begun on {node.Name} although it had been told to stop", job);
        Require(!node.KnowsToStop, $"its attempt {attempt.Fence} was begun on {node.Name}, which had been told to stop", job);
    }

    public void AttemptEnded(SimulatedNode node, AttemptKey attempt, string how)
    {
        journal.Write(node.Name, "end " + how, attempt.Job.Value, attempt.Fence);
        _atWork.Remove((node, attempt));
    }

    /// <summary>A node has stopped in good order: what still runs there was told, and does not listen.</summary>
    public void NodeStopped(SimulatedNode node)
    {
        journal.Write(node.Name, "stopped");
        foreach (var (_, attempt) in _atWork.Where(work => work.Node == node))
        {
            var job = Find(attempt.Job)!;
            Require(IsDeaf(job), $"its attempt {attempt.Fence} runs on at {node.Name}, which has stopped, and was not told", job);
        }
    }

    public void NodeCrashed(SimulatedNode node)
    {
        journal.Write(node.Name, "crash");
        _atWork.RemoveWhere(work => work.Node == node);
        foreach (var life in _nodes.Values.Where(life => life.Owner == node && life.IsMember))
        {
            foreach (var job in life.Running)
            {
                _orphans.Add((Now + RescueWithin, job, job.Fence));
            }
        }
    }

    /// <summary>Once a second: what must have happened by now.</summary>
    public void LookForWhatIsLate(IReadOnlyList<SimulatedNode> nodes, IEnumerable<SimulatedNode> all)
    {
        var well = nodes.Where(node => node.IsWellFor(RescueWithin + Patience)).ToArray();
        foreach (var orphan in _orphans.Where(orphan => orphan.At <= Now).ToArray())
        {
            Require(well.Length == 0 || orphan.Job.Status != JobStatus.Processing || orphan.Job.Fence != orphan.Fence || orphan.Job.Holder is null,
                $"its node died 10 s ago, and it is still counted as running there", orphan.Job);
            _orphans.Remove(orphan);
        }
        NoteHeldBack();
        foreach (var node in nodes.Where(node => node.IsWellFor(Patience)))
        {
            RequireWork(node);
        }
        foreach (var node in all.Where(node => node.IsInPeaceFor(Patience)))
        {
            RequireStarted(node);
        }
    }

    /// <summary>A node with room, well for longer than its poll, leaves nothing that it could run.</summary>
    private void RequireWork(SimulatedNode node)
    {
        node.NoteRoom(node.Engine.InHand);
        if (_inOrder.Exists(job => job.NodesLost >= Policies.NodeLoss.SoloAfter && !job.Ended))
        {
            _lastSolo = Now;
        }
        // While a job must run alone, nodes make room for it and leave other work; afterwards it may take a poll until they notice.
        if (Now - node.LastFull < Soon || Now - _lastSolo < Patience)
        {
            return;
        }
        // What it missed it finds by its poll.
        var heard = Now - node.LastDeaf < Patience ? Patience : Soon;
        foreach (var served in ClusterQueues.ServedBy(node.Role))
        {
            var queue = QueueNamed(served.Definition.Name);
            if (queue.Paused || Now - queue.LastFull < heard || queue.Tally.Processing >= (queue.Most ?? int.MaxValue))
            {
                continue;
            }
            var left = _inOrder.Find(job => job.AsBatch is null && job.Queue == served.Definition.Name && served.Kinds.Contains(job.Kind) && IsLeft(job));
            Require(left is null, $"it is ready, {node.Name} has room and knows it, and nobody runs it", left);
        }
    }

    private bool IsLeft(ShadowJob job) => job.Waits && job.Batch?.Definition.MaxParallel is null
        && Now - job.WaitingSince > Patience && Now - job.DueAt > Patience;

    /// <summary>What a node that is well was given runs there, and ends soon after its cancellation.</summary>
    private void RequireStarted(SimulatedNode node)
    {
        foreach (var life in _nodes.Values.Where(life => life.Owner == node && life.Id == node.Engine.Id))
        {
            foreach (var job in life.Running)
            {
                Require(Now - job.ClaimedAt < Patience || node.Engine.Holds(new(job.Id, job.Fence)),
                    $"it was given to {node.Name} at {job.ClaimedAt:HH:mm:ss}, which does not know of it: a lost answer was not reconciled", job);
                Require(!job.CancelRequested || Now - job.CancelAt < Patience || IsDeaf(job),
                    $"its cancellation at {job.CancelAt:HH:mm:ss} did not reach {node.Name}, where it runs", job);
            }
        }
    }

    private bool IsDeaf(ShadowJob job) => plans.Find(job.Spec!.Payload).Deaf;

    /// <summary>True when every job has ended.</summary>
    public bool AllEnded() => _inOrder.TrueForAll(static job => job.Ended);

    /// <summary>No code of any attempt runs: what abandoned ones kept must be free, on nodes that live on.</summary>
    public void LookForWhatIsKept()
    {
        foreach (var job in _inOrder)
        {
            Require(job.Abandoned.Count == 0, $"its abandoned attempt {job.Abandoned.FirstOrDefault().Fence} has ended, and what it kept was not released", job);
        }
    }

    /// <summary>The faults are over and everything is quiet.</summary>
    public void LookAtTheEnd()
    {
        LookAtEverything();
        foreach (var job in _inOrder)
        {
            Require(job.Ended, $"it is {job.Status} at the end{(job.Unmet.Count > 0 ? $", waiting for {job.Unmet[0].Id}" : "")}", job);
            Require(job.Holder is null, "a node still holds it at the end", job);
            if (job.AsBatch is not null || job.Batch is null)
            {
                RequireExplained(job);
            }
        }
    }

    private void RequireExplained(ShadowJob job)
    {
        var explanation = Take(Explainer.ExplainAsync(store, job.Id, Now));
        if (explanation is null)
        {
            Fail($"Job {job.Id} has no explanation.", job.Id);
            return;
        }
        var (wall, own) = (explanation.Causes.Sum(cause => cause.WallShare), explanation.Causes.Sum(cause => cause.JobShare));
        Require(explanation.WallSeconds <= 0 || Math.Abs(wall - 1) < 1e-6, $"the causes of its wall time add up to {wall}", job);
        Require(explanation.JobSeconds <= 0 || Math.Abs(own - 1) < 1e-6, $"the causes of its job time add up to {own}", job);
    }
}
