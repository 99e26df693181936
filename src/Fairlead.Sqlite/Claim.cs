using Fairlead.Diagnostics;
using Fairlead.Storage;

namespace Fairlead.Sqlite;

/// <summary>
/// One claim of one node, as steps: due jobs become ready, a job that must run alone goes first, then queue by queue what is ready.
/// What may not run is not looked at: kinds the node does not know, paused queues, items their batch holds back are in other ranges.
/// </summary>
internal sealed class Claim(Session session, ClaimRequest request)
{
    private readonly Statements sql = session.Sql;
    private readonly long node = request.Node.Value;
    private readonly List<ClaimedJob> jobs = [];
    private bool more;

    public ClaimResult Run()
    {
        var queues = Known();
        var nextDue = PromoteAll(queues);
        RecordOutage(queues);
        var busy = sql["first_running_lost"].Add(node).Number();
        if (busy is { } lost && Policies.NodeLoss.IsSolo((int)lost))
        {
            return Answer(nextDue);
        }
        var idle = request.Idle && busy is null;
        if (FindSolo(queues, idle) is { } solo)
        {
            return idle ? StartSolo(solo, nextDue) : Drain(solo, nextDue);
        }
        foreach (var (queue, asked) in queues)
        {
            Take(queue, asked);
        }
        return Answer(nextDue);
    }

    private ClaimResult Answer(DateTimeOffset? nextDue) => new() { Jobs = jobs, Now = session.Time, NextDue = nextDue, More = more };

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
        var room = Room(queue, facts);
        var slots = Math.Min(asked.Slots, request.Slots - jobs.Count);
        var wanted = (int)Math.Min(slots, room);
        var line = new ReadyLine(session, queue, asked.Kinds);
        var before = jobs.Count;
        var left = line.Take(Math.Max(0, wanted), node, jobs);
        var full = room - (jobs.Count - before) <= 0;
        more |= left;
        RecordSlots(queue, left, full);
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
    private void RecordSlots(long queue, bool left, bool full)
    {
        var (ofQueue, ofNode, others) = (false, false, false);
        var (queueName, nodeName) = (session.QueueName(queue), request.Node.ToString());
        var row = sql["open_blocks"].Add(queue);
        while (row.Step())
        {
            if (row.Int(0) == (int)WaitCause.Slot)
            {
                var key = row.Text(1);
                ofQueue |= key == queueName;
                ofNode |= key == nodeName;
                others |= key != queueName && key != nodeName;
            }
        }
        Record(queue, queueName, ofQueue, left && full);
        Record(queue, nodeName, ofNode, left && !full);
        if (others && !left && !sql["any_ready"].Add(queue).Any())
        {
            sql["close_slot_blocks"].Add(queue).Add(session.Now).Run();
        }
    }

    private void Record(long queue, string key, bool isOpen, bool blocks)
    {
        if (blocks && !isOpen)
        {
            session.OpenBlock(queue, WaitCause.Slot, key);
        }
        else if (!blocks && isOpen)
        {
            session.CloseBlock(queue, WaitCause.Slot, key);
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
        return room && (idle || !elsewhere) && asked.Kinds.Contains(session.KindName(job.Place.Kind));
    }

    private ClaimResult Drain(SoloJob solo, DateTimeOffset? nextDue)
    {
        if (solo.Reserved != node)
        {
            sql["reserve"].Add(solo.Place.Job).Add(node).Run();
            session.OpenBlock(solo.Place.Queue, WaitCause.Slot, request.Node.ToString());
        }
        return new() { Jobs = [], Now = session.Time, NextDue = nextDue, DrainForSolo = true };
    }

    private ClaimResult StartSolo(SoloJob solo, DateTimeOffset? nextDue)
    {
        var place = solo.Place;
        session.CloseBlock(place.Queue, WaitCause.Slot, request.Node.ToString());
        sql["remove_waiting"].Add(place.Job).Run();
        sql["start_one"].Add(node).Add(place.Job).Add(place.Queue).Add(place.MaybeBatch).Add((long)place.Flags)
            .Add(place.Attempt + 1).Add(place.Fence + 1).Add(place.Lost).Add(place.Since).Add(session.Now).Run();
        session.Count(place.Queue, place.Batch, JobStatus.Queued, -1);
        session.Count(place.Queue, place.Batch, JobStatus.Processing, 1);
        if (place.Batch != 0)
        {
            sql["start_batch"].Add(place.Batch).Add(session.Now).Run();
        }
        var row = sql["job_to_run"].Add(place.Job);
        row.Step();
        jobs.Add(ReadyLine.Claimed(session, place, row, 0));
        row.Reset();
        return Answer(nextDue);
    }

    private sealed record SoloJob(Place Place, long? Reserved);
}
