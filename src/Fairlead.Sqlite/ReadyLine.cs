using Fairlead.Storage;

namespace Fairlead.Sqlite;

/// <summary>
/// The ready jobs of one queue as one line over the kinds a node knows: each kind is a range of its own in the index, and their heads
/// are merged. What is taken of a kind is always the beginning of its range, so it moves with one statement however many there are.
/// </summary>
internal sealed class ReadyLine(Session session, long queue, IReadOnlyList<JobKind> kinds)
{
    private readonly Statements sql = session.Sql;

    /// <summary>Takes up to <paramref name="wanted" /> jobs for a node.</summary>
    /// <returns>True when ready work of these kinds is left.</returns>
    public bool Take(int wanted, long node, List<ClaimedJob> taken)
    {
        var heads = Heads();
        var batches = new BatchCounts(session, queue);
        for (; wanted > 0 && First(heads) is { } head; wanted--)
        {
            taken.Add(head.Take(session, queue));
            batches.Add(head.LastBatch);
            head.Step();
        }
        var left = heads.Exists(head => head.HasJob);
        foreach (var head in heads)
        {
            head.Close();
        }
        foreach (var head in heads)
        {
            head.Move(session, queue, node);
        }
        batches.Write();
        return left;
    }

    public static ClaimedJob Claimed(Session session, in Place place, Statement row, int first)
    {
        var extras = JobExtras.Read(row.MaybeText(first + 3));
        var enqueued = row.Time(first);
        long? batch = place.MaybeBatch;
        return new()
        {
            Key = new(new(place.Job), place.Fence + 1),
            Queue = session.QueueName(place.Queue),
            Kind = session.KindName(place.Kind),
            Payload = row.Blob(first + 4),
            Attempt = (int)place.Attempt + 1,
            Priority = (int)-place.Priority,
            Group = row.MaybeText(first + 2),
            Batch = batch is { } id ? new JobId(id) : null,
            Item = batch is { } of ? (int)(place.Job - of - 1) : null,
            Parent = (extras.Parent ?? batch) is { } parent ? new JobId(parent) : null,
            Timeout = extras.Timeout,
            Retries = extras.Retries,
            Then = extras.Then,
            Deadline = row.MaybeTime(first + 1) ?? enqueued.AddDays(7),
            ReadyAt = Moment.From(place.Since),
            Solo = Policies.NodeLoss.IsSolo((int)place.Lost),
            TraceParent = extras.TraceParent,
        };
    }

    private List<Head> Heads()
    {
        var heads = new List<Head>(kinds.Count);
        foreach (var name in kinds)
        {
            if (session.TryKind(name, out var kind))
            {
                heads.Add(new Head(kind, sql.Copy("ready_jobs", heads.Count).Add(queue).Add(kind)));
                heads[^1].Step();
            }
        }
        return heads;
    }

    private static Head? First(List<Head> heads)
    {
        Head? best = null;
        foreach (var head in heads)
        {
            if (head.HasJob && (best is null || head.IsBefore(best)))
            {
                best = head;
            }
        }
        return best;
    }

    /// <summary>The next ready job of one kind, and how far the kind was taken.</summary>
    private sealed class Head(long kind, Statement rows)
    {
        private long priority;
        private long job;
        private (long Priority, long Job)? first;
        private (long Priority, long Job) last;

        public bool HasJob { get; private set; }

        public long LastBatch { get; private set; }

        public bool IsBefore(Head other) => priority != other.priority ? priority < other.priority : job < other.job;

        public void Step()
        {
            HasJob = rows.Step();
            if (HasJob)
            {
                (priority, job) = (rows.Long(0), rows.Long(1));
            }
        }

        public ClaimedJob Take(Session session, long queue)
        {
            first ??= (priority, job);
            last = (priority, job);
            LastBatch = rows.Long(2);
            var place = new Place { Queue = queue, Kind = kind, Priority = priority, Job = job, Batch = LastBatch, Flags = (JobFlags)rows.Long(3) };
            place.ReadWait(rows, 4);
            return Claimed(session, place, rows, 8);
        }

        public void Close() => rows.Reset();

        public void Move(Session session, long queue, long node)
        {
            if (first is not { } from)
            {
                return;
            }
            var sql = session.Sql;
            if (from.Priority < last.Priority)
            {
                sql["start_ready_above"].Add(node).Add(session.Now).Add(queue).Add(kind).Add(last.Priority).Run();
                sql["remove_started_above"].Add(queue).Add(kind).Add(last.Priority).Run();
            }
            sql["start_ready"].Add(node).Add(session.Now).Add(queue).Add(kind).Add(last.Priority).Add(last.Job).Run();
            sql["remove_started"].Add(queue).Add(kind).Add(last.Priority).Add(last.Job).Run();
        }
    }

    /// <summary>Counters of what was taken, added up by batch: neighbours are mostly of one.</summary>
    private struct BatchCounts(Session session, long queue)
    {
        private long batch;
        private int count;

        public void Add(long next)
        {
            if (next != batch)
            {
                Write();
                batch = next;
            }
            count++;
        }

        public void Write()
        {
            if (count == 0)
            {
                return;
            }
            session.Count(queue, batch, JobStatus.Queued, -count);
            session.Count(queue, batch, JobStatus.Processing, count);
            if (batch != 0)
            {
                session.Sql["start_batch"].Add(batch).Add(session.Now).Run();
            }
            count = 0;
        }
    }
}
