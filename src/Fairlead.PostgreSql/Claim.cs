using Fairlead.Diagnostics;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>
/// One claim of one node, as steps: due jobs become ready, a job that must run alone goes first, then queue by queue what is ready.
/// What may not run is not looked at: kinds the node does not know, paused queues, items their batch holds back are in other ranges.
/// </summary>
internal sealed class Claim(Session session, ClaimRequest request)
{
    private readonly Statements sql = session.Sql;
    private readonly long node = request.Node.Value;
    private readonly List<ClaimedJob> jobs = [];
    private DateTimeOffset? nextDue;
    private bool more;

    public ClaimResult Run()
    {
        var queues = Known();
        nextDue = PromoteAll(queues);
        RecordOutage(queues);
        var busy = sql["first_running_lost"].Add(node).Number();
        if (busy is { } lost && Policies.NodeLoss.IsSolo((int)lost))
        {
            return Answer();
        }
        var idle = request.Idle && busy is null;
        if (FindSolo(queues, idle) is { } solo)
        {
            return idle ? StartSolo(solo) : Drain(solo);
        }
        foreach (var (queue, asked) in queues)
        {
            Take(queue, asked);
        }
        return Answer();
    }

    private ClaimResult Answer() => new() { Jobs = jobs, Now = session.Time, NextDue = nextDue, More = more };

    private List<(long Queue, QueueClaim Asked)> Known()
    {
        var known = new List<(long, QueueClaim)>(request.Queues.Count);
        foreach (var asked in request.Queues)
        {
            if (session.TryQueue(asked.Queue, out var queue))
            {
                known.Add((queue, asked));
            }
        }
        return known;
    }

    private void RecordOutage(List<(long Queue, QueueClaim Asked)> queues)
    {
        if (request.StoreAwaySince is not { } since || Moment.Of(since) >= session.Now)
        {
            return;
        }
        foreach (var (queue, _) in queues)
        {
            sql["add_block"].Add(queue).Add((long)WaitCause.Store).Add(request.Node.ToString()).Add(Moment.Of(since)).Add(session.Now).Run();
            new LimitGate(session, session.Facts(queue).Definition).LearnAfterOutage(since);
        }
    }

    private DateTimeOffset? PromoteAll(List<(long Queue, QueueClaim Asked)> queues)
    {
        long? next = null;
        foreach (var (queue, _) in queues)
        {
            var due = sql["next_due"].Add(queue).Number();
            if (due <= session.Now)
            {
                Promote(queue);
                due = sql["next_due"].Add(queue).Number();
            }
            next = next is null || due < next ? due ?? next : next;
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

    private void Take(long queue, QueueClaim asked)
    {
        var facts = session.Facts(queue);
        if (facts.Paused)
        {
            return;
        }
        var blocks = new OpenBlocks(session, queue);
        if (facts.Outage.OpenUntil is { } until && until > session.Time)
        {
            blocks.Set(WaitCause.Breaker, session.QueueName(queue), AnyReady(queue, facts));
            Sooner(until == Policies.BreakerState.Forever ? null : until);
            return;
        }
        var room = Room(queue, facts);
        var wanted = (int)Math.Clamp(Math.Min(asked.Slots, request.Slots - jobs.Count), 0, Math.Max(0, room));
        var take = new QueueTake(session, queue, facts, request.Node, asked, wanted);
        var before = jobs.Count;
        var left = take.Run(jobs);
        var lacksSlots = left && take.Refused is null;
        more |= lacksSlots;
        if (facts.Outage.IsOpen)
        {
            blocks.Set(WaitCause.Breaker, session.QueueName(queue), false);
        }
        RecordLimits(facts, blocks, take);
        RecordSlots(queue, facts, blocks, lacksSlots, left, full: room - (jobs.Count - before) <= 0);
        Sooner(take.Refused?.Until);
        Sooner(take.PlainHeld is { } held ? held.Until ?? session.Time + QueueTake.HeldPermitPoll : null);
        Sooner(facts.HasGroups ? NextWake(queue) : null);
    }

    /// <summary>Groups that were held just now are in the table only at the end of this operation.</summary>
    private DateTimeOffset? NextWake(long queue)
    {
        session.WriteGroups();
        return Moment.From(sql["next_wake"].Add(queue).Number());
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

    private long Room(long queue, QueueFacts facts)
    {
        if (facts.MaxConcurrent is not { } max)
        {
            return long.MaxValue;
        }
        var reserved = sql["any_solo"].Add(queue).Any() ? sql["count_reserved"].Add(queue).Number() ?? 0 : 0;
        return max - session.Tally(-queue).Processing - reserved;
    }

    /// <summary>Why ready work was left: the queue has all the jobs it may have, or the node has. Written only when it changed.</summary>
    private void RecordSlots(long queue, QueueFacts facts, OpenBlocks blocks, bool lacksSlots, bool left, bool full)
    {
        blocks.SetSlot(session.QueueName(queue), lacksSlots && full);
        blocks.SetSlot(request.Node.ToString(), lacksSlots && !full);
        if (!left && blocks.OthersLackSlots && !AnyReady(queue, facts))
        {
            sql["close_slot_blocks"].Add(queue).Add(session.Now).Run();
        }
    }

    private SoloJob? FindSolo(List<(long Queue, QueueClaim Asked)> queues, bool idle)
    {
        foreach (var (queue, asked) in queues)
        {
            if (!sql["any_solo"].Add(queue).Any() || session.Facts(queue).Paused)
            {
                continue;
            }
            var candidates = SoloJobs(queue);
            var found = candidates.Find(job => MayTake(queue, job, asked, idle));
            if (found is not null)
            {
                return found;
            }
            sql["unreserve"].Add(queue).Add(node).Run();
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

    private bool MayTake(long queue, SoloJob job, QueueClaim asked, bool idle)
    {
        var elsewhere = job.Reserved is { } other && other != node && sql["node_is_live"].Add(other).Any();
        var max = session.Facts(queue).MaxConcurrent ?? long.MaxValue;
        var room = job.Reserved is null ? Room(queue, session.Facts(queue)) > 0 : session.Tally(-queue).Processing < max;
        return room && (idle || !elsewhere) && asked.Kinds.Contains(session.KindName(job.Place.Kind)) && MayFlow(job.Place);
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
        var payload = row.Blob(4);
        return payload;
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
        sql["remove_waiting"].Add(place.Job).Run();
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
            sql["start_batch"].Add(place.Batch).Add(session.Now).Run();
        }
        var row = sql["job_to_run"].Add(place.Job);
        row.Step();
        jobs.Add(ReadyLine.Claimed(session, place, row, 0));
        return Answer();
    }

    private sealed record SoloJob(Place Place, long? Reserved);
}
