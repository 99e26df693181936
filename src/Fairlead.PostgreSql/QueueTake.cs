using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>
/// What one claim takes of one queue: by its groups' turns where it has groups, in order where it has none, as far as slots and permits
/// reach. Nothing is written to what is walked before the walk is over.
/// </summary>
internal sealed class QueueTake
{
    /// <summary>How soon a group looks again whose own number at once is all in use.</summary>
    public static readonly TimeSpan HeldPermitPoll = TimeSpan.FromSeconds(1);

    private readonly Session session;
    private readonly long queue;
    private readonly NodeId node;
    private readonly LimitGate gate;
    private readonly ReadyLine plain;
    private readonly GroupQuestions? groups;
    private readonly FairLine? fair;
    private readonly GroupEntry? ungrouped;
    private readonly Dictionary<long, double> charged = [];
    private readonly BatchCounts batches;
    private int wanted;

    public QueueTake(Session session, ClaimedQueue asked, QueueFacts facts, NodeId node, int wanted)
    {
        (this.session, this.node, this.wanted, queue, groups) = (session, node, wanted, asked.Id, asked.Groups);
        gate = new LimitGate(session, facts.Definition);
        batches = new(session, queue);
        ungrouped = groups?.Read();
        fair = groups?.Line;
        plain = new ReadyLine(session, queue, asked.Ready!);
        Return(facts.FairClock);
    }

    /// <summary>What permit the first job that was left lacks; null when it lacks none.</summary>
    public WaitReason? Refused { get; private set; }

    /// <summary>What permit of their own the jobs without a group lack, where each group has a limit of its own.</summary>
    public WaitReason? PlainHeld { get; private set; }

    /// <summary>Takes as many jobs as are wanted.</summary>
    /// <returns>True when ready work is left that the node could run.</returns>
    public bool Run(List<ClaimedJob> jobs)
    {
        var left = false;
        while (!left && Next() is var (group, isPlain) && (group is not null || isPlain))
        {
            left = isPlain ? !TakePlain(jobs) : !TakeOf(group!, jobs);
        }
        Finish();
        return left;
    }

    /// <summary>Whose turn it is: a group's, or that of the jobs without one.</summary>
    private (GroupEntry? Group, bool Plain) Next()
    {
        var group = fair?.First();
        return (group, plain.HasJob && PlainHeld is null && (group is null || ungrouped!.State.Tag <= group.State.Tag));
    }

    private bool TakePlain(List<ClaimedJob> jobs)
    {
        ReadOnlyMemory<byte> payload = gate.ReadsPayloads ? plain.Payload : default;
        if (!gate.IsOpen && gate.Leave(null, payload) is var (reason, ofGroup))
        {
            (Refused, PlainHeld) = (ofGroup ? null : reason, ofGroup ? reason : null);
            return ofGroup;
        }
        if (wanted <= 0)
        {
            return false;
        }
        if (ungrouped is not null)
        {
            charged[plain.Kind] = session.Charge(ungrouped, plain.Kind);
        }
        var (job, batch) = plain.Take();
        Took(job, batch, payload, jobs);
        return true;
    }

    private bool TakeOf(GroupEntry group, List<ClaimedJob> jobs)
    {
        var job = fair!.Head(group);
        if (!gate.IsOpen && gate.Leave(group.Name, job.Payload) is var (reason, ofGroup))
        {
            if (!ofGroup)
            {
                Refused = reason;
                return false;
            }
            fair.Hold(group, reason with { Until = reason.Until ?? session.Time + HeldPermitPoll });
            return true;
        }
        if (wanted <= 0)
        {
            return false;
        }
        Took(job, fair.Take(group), job.Payload, jobs);
        return true;
    }

    private void Took(ClaimedJob job, long batch, ReadOnlyMemory<byte> payload, List<ClaimedJob> jobs)
    {
        if (!gate.IsOpen)
        {
            gate.Take(job.Group, payload, node, job.Key);
        }
        jobs.Add(job);
        batches.Add(batch);
        wanted--;
    }

    private void Finish()
    {
        var further = gate.Holds ? JobFlags.Holds : JobFlags.None;
        fair?.Move(node.Value, further);
        plain.Move(node.Value, ungrouped?.Id, kind => charged.TryGetValue(kind, out var seconds) ? seconds : null, further);
        if (ungrouped is not null)
        {
            ungrouped.Ready = PlainHeld is null && AnyPlain ? 1 : 0;
            (ungrouped.InReach, ungrouped.Changed) = (ungrouped.Ready > 0, true);
            // For those who look at groups; claims ask the limit itself.
            ungrouped.State.Held = PlainHeld is { } held ? held with { Until = held.Until ?? session.Time + HeldPermitPoll } : null;
        }
        batches.Write();
    }

    /// <summary>Whether jobs without a group wait, whatever this node knows: they have not left because one of them is for others.</summary>
    private bool AnyPlain => plain.HasJob || groups!.OthersReady;

    /// <summary>The jobs without a group are ready again: they have not saved up for it.</summary>
    private void Return(double clock)
    {
        if (ungrouped is { Ready: 0 } && AnyPlain)
        {
            ungrouped.State.Tag = Policies.FairQueue.Returned(ungrouped.State.Tag, clock);
        }
    }
}
