using Fairlead.Diagnostics;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>
/// One claim of one node, as steps: due jobs become ready, a job that must run alone goes first, then queue by queue what is ready.
/// What may not run is not looked at: kinds the node does not know, paused queues, items their batch holds back are in other ranges.
/// </summary>
internal sealed class Claim(Session session, ClaimRequest request, ClaimQuestions questions)
{
    private readonly Statements sql = session.Sql;
    private readonly long node = request.Node.Value;
    private readonly List<ClaimedQueue> queues = questions.Queues;
    private readonly List<ClaimedJob> jobs = [];
    private DateTimeOffset? nextDue;
    private bool more;

    public ClaimResult Run()
    {
        nextDue = PromoteAll();
        RecordOutage();
        if (!questions.Node.IsNull(3) && Policies.NodeLoss.IsSolo(questions.Node.Int(3)))
        {
            return Answer();
        }
        if (queues.Exists(static queue => queue.AnySolo))
        {
            var idle = request.Idle && !sql["runs_any"].Add(node).Any();
            if (FindSolo(idle) is { } solo)
            {
                return idle ? StartSolo(solo) : Drain(solo);
            }
        }
        AskRest();
        queues.ForEach(Take);
        return Answer();
    }

    private ClaimResult Answer() => new() { Jobs = jobs, Now = session.Time, NextDue = nextDue, More = more };

    private void RecordOutage()
    {
        if (request.StoreAwaySince is not { } since || Moment.Of(since) >= session.Now)
        {
            return;
        }
        foreach (var queue in queues)
        {
            sql["add_block"].Add(queue.Id).Add((long)WaitCause.Store).Add(request.Node.ToString()).Add(Moment.Of(since)).Add(session.Now).Run();
            new LimitGate(session, session.Facts(queue.Id).Definition).LearnAfterOutage(since);
        }
    }

    private DateTimeOffset? PromoteAll()
    {
        long? next = null;
        foreach (var queue in queues)
        {
            if (queue.NextDue <= session.Now)
            {
                Promote(queue.Id);
                questions.AskAgain(session, queue);
            }
            next = next is null || queue.NextDue < next ? queue.NextDue ?? next : next;
        }
        return Moment.From(next);
    }

    // Due jobs are ready since they came due, whenever somebody looks.
    private void Promote(long queue)
    {
        var due = new List<(Place Place, WaitCause Cause, long Due)>();
        var row = sql["due_jobs"].Add(queue).Add(session.Now);
        while (row.Step())
        {
            var place = new Place { Job = row.Long(0) };
            place.ReadJob(row, 1);
            place.ReadWait(row, 6);
            due.Add((place, (WaitCause)row.Int(10), row.Long(11)));
        }
        foreach (var (place, cause, at) in due)
        {
            session.EndWait(place, cause, at);
            session.Count(place.Queue, place.Batch, JobStatus.Scheduled, -1);
            session.MakeReady(place with { Since = at });
        }
    }

    /// <summary>What takes more than the first questions is asked for all queues at once.</summary>
    private void AskRest()
    {
        var answers = new List<Action>();
        foreach (var queue in queues)
        {
            var facts = session.Facts(queue.Id);
            if (facts.Paused || IsQuarantined(facts))
            {
                continue;
            }
            if (facts.Definition?.Limits is { Count: > 0 } limits)
            {
                AskLimits([.. limits.Select(static use => use.Name).Distinct()], answers);
            }
            if (facts.HasGroups)
            {
                queue.Groups = new GroupQuestions(session, queue, Wanted(queue, Room(queue, facts)));
            }
        }
        answers.ForEach(static answer => answer());
    }

    private void AskLimits(string[] names, List<Action> answers)
    {
        var (limits, states) = (sql["limits_named"].Add(names).Ahead(), sql["states_of"].Add(names).Add([""]).Ahead());
        answers.Add(() =>
        {
            session.LearnLimits(names, limits);
            session.LearnStates(names, [""], states);
        });
    }

    private bool IsQuarantined(QueueFacts facts) => facts.Outage.OpenUntil is { } until && until > session.Time;

    private int Wanted(ClaimedQueue queue, long room) => (int)Math.Clamp(Math.Min(queue.Asked.Slots, request.Slots - jobs.Count), 0, Math.Max(0, room));

    private void Take(ClaimedQueue queue)
    {
        var facts = session.Facts(queue.Id);
        if (facts.Paused)
        {
            return;
        }
        var blocks = Blocks(queue, facts);
        if (IsQuarantined(facts))
        {
            var until = facts.Outage.OpenUntil;
            blocks.Set(WaitCause.Breaker, queue.Asked.Queue, AnyReady(queue.Id, facts));
            Sooner(until == Policies.BreakerState.Forever ? null : until);
            return;
        }
        var room = Room(queue, facts);
        var take = new QueueTake(session, queue, facts, request.Node, Wanted(queue, room));
        var before = jobs.Count;
        var left = take.Run(jobs);
        var lacksSlots = left && take.Refused is null;
        more |= lacksSlots;
        if (facts.Outage.IsOpen)
        {
            blocks.Set(WaitCause.Breaker, queue.Asked.Queue, false);
        }
        RecordLimits(facts, blocks, take);
        RecordSlots(queue, facts, blocks, lacksSlots, left, full: room - (jobs.Count - before) <= 0);
        Sooner(take.Refused?.Until);
        Sooner(take.PlainHeld is { } held ? held.Until ?? session.Time + QueueTake.HeldPermitPoll : null);
        Sooner(Moment.From(queue.Groups?.NextWake()));
    }

    private OpenBlocks Blocks(ClaimedQueue queue, QueueFacts facts)
    {
        string[] keys = [queue.Asked.Queue, .. facts.Definition?.Limits.Select(static use => use.Name) ?? []];
        return Array.TrueForAll(keys, questions.Covers) ? new(session, queue.Id, questions.Blocks) : new(session, queue.Id, keys);
    }

    private void Sooner(DateTimeOffset? moment) => nextDue = nextDue is null || moment < nextDue ? moment ?? nextDue : nextDue;

    private bool AnyReady(long queue, QueueFacts facts) => sql["any_ready"].Add(queue).Any() || (facts.HasGroups && sql["any_group_ready"].Add(queue).Any());

    /// <summary>Limits that each group has of its own are recorded with the groups; here only what the jobs without one lack of them.</summary>
    private void RecordLimits(QueueFacts facts, OpenBlocks blocks, QueueTake take)
    {
        foreach (var use in facts.Definition?.Limits ?? [])
        {
            var lacking = session.Limit(use.Name) is { InForce.PerGroup: true } ? take.PlainHeld : take.Refused;
            blocks.Set(WaitCause.Limit, use.Name, lacking is { Cause: WaitCause.Limit } limit && limit.Key == use.Name);
            blocks.Set(WaitCause.Breaker, use.Name, lacking is { Cause: WaitCause.Breaker } breaker && breaker.Key == use.Name);
        }
    }

    private long Room(ClaimedQueue queue, QueueFacts facts)
    {
        if (facts.MaxConcurrent is not { } max)
        {
            return long.MaxValue;
        }
        var reserved = queue.AnySolo ? sql["count_reserved"].Add(queue.Id).Number() ?? 0 : 0;
        return max - session.Processing(queue.Id) - reserved;
    }

    /// <summary>Why ready work was left: the queue has all the jobs it may have, or the node has. Written only when it changed.</summary>
    private void RecordSlots(ClaimedQueue queue, QueueFacts facts, OpenBlocks blocks, bool lacksSlots, bool left, bool full)
    {
        blocks.SetSlot(queue.Asked.Queue, lacksSlots && full);
        blocks.SetSlot(request.Node.ToString(), lacksSlots && !full);
        if (!left && blocks.OthersLackSlots && !AnyReady(queue.Id, facts))
        {
            sql["close_slot_blocks"].Add(queue.Id).Add(session.Now).Run();
        }
    }

    private SoloJob? FindSolo(bool idle)
    {
        foreach (var queue in queues)
        {
            if (!queue.AnySolo || session.Facts(queue.Id).Paused)
            {
                continue;
            }
            var found = SoloJobs(queue.Id).Find(job => MayTake(queue, job, idle));
            if (found is not null)
            {
                return found;
            }
            sql["unreserve"].Add(queue.Id).Add(node).Run();
        }
        return null;
    }

    private List<SoloJob> SoloJobs(long queue)
    {
        var found = new List<SoloJob>();
        var row = sql["solo_jobs"].Add(queue);
        while (row.Step())
        {
            var place = new Place { Job = row.Long(0) };
            place.ReadJob(row, 2);
            place.ReadWait(row, 7);
            found.Add(new(place, row.MaybeLong(1)));
        }
        return found;
    }

    private bool MayTake(ClaimedQueue queue, SoloJob job, bool idle)
    {
        var elsewhere = job.Reserved is { } other && other != node && sql["node_is_live"].Add(other).Any();
        var facts = session.Facts(queue.Id);
        var room = job.Reserved is null ? Room(queue, facts) > 0 : session.Processing(queue.Id) < (facts.MaxConcurrent ?? long.MaxValue);
        return room && (idle || !elsewhere) && queue.Kinds.Contains(job.Place.Kind) && MayFlow(job.Place);
    }

    /// <summary>Its group is not blocked, and its permits are there.</summary>
    private bool MayFlow(in Place place)
    {
        var facts = session.Facts(place.Queue);
        var grouped = place.Flags.HasFlag(JobFlags.Grouped);
        if (facts.Outage.OpenUntil > session.Time
            || (grouped && session.GroupOf(place) is var group && group.State.Blocked(facts.Definition, session.QueueName(place.Queue), group.Name, session.Time) is not null))
        {
            return false;
        }
        var gate = new LimitGate(session, facts.Definition);
        return gate.IsOpen || gate.Refusal(grouped ? session.GroupOf(place).Name : null, Payload(gate, place.Job)) is null;
    }

    private ReadOnlyMemory<byte> Payload(LimitGate gate, long job)
    {
        if (!gate.ReadsPayloads)
        {
            return default;
        }
        var row = sql["job_to_run"].Add(job);
        row.Step();
        return row.Blob(4);
    }

    private ClaimResult Drain(SoloJob solo)
    {
        if (solo.Reserved != node)
        {
            sql["reserve"].Add(solo.Place.Job).Add(node).Run();
            session.OpenBlock(solo.Place.Queue, WaitCause.Slot, request.Node.ToString());
        }
        return new() { Jobs = [], Now = session.Time, NextDue = nextDue, DrainForSolo = true };
    }

    private ClaimResult StartSolo(SoloJob solo)
    {
        var place = solo.Place;
        session.CloseBlock(place.Queue, WaitCause.Slot, request.Node.ToString());
        sql["runs_alone"].Add(node).Add(place.Job).Run();
        sql.Gone("remove_waiting").Add(place.Job).End();
        var facts = session.Facts(place.Queue);
        var group = place.Flags.HasFlag(JobFlags.Grouped) ? session.GroupOf(place) : facts.HasGroups ? session.Group(place.Queue, "") : null;
        var charged = group is null ? (double?)null : session.Charge(group, place.Kind);
        var gate = new LimitGate(session, facts.Definition);
        gate.Take(group is { IsUngrouped: false } ? group.Name : null, Payload(gate, place.Job), request.Node, new(new(place.Job), place.Fence + 1));
        var flags = place.Flags | (gate.Holds ? JobFlags.Holds : JobFlags.None);
        sql["start_one"].Add(node).Add(place.Job).Add(place.Queue).Add(place.MaybeBatch).Add((long)flags)
            .Add(place.Attempt + 1).Add(place.Fence + 1).Add(place.Lost).Add(place.Since).Add(session.Now).Add(group?.Id).Add(charged).Run();
        session.Count(place.Queue, place.Batch, JobStatus.Queued, -1);
        session.Count(place.Queue, place.Batch, JobStatus.Processing, 1);
        if (place.Batch != 0)
        {
            sql["start_batch"].Add([place.Batch]).Add(session.Now).Run();
        }
        var row = sql["job_to_run"].Add(place.Job);
        row.Step();
        jobs.Add(ReadyLine.Claimed(session, place, row, 0));
        return Answer();
    }

    private sealed record SoloJob(Place Place, long? Reserved);
}
