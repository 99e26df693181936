using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>
/// The ready jobs without a group of one queue as one line over the kinds a node knows: each kind is a range of its own in the index, and
/// their heads are merged. What is taken of a kind is always the beginning of its range, so it moves with one statement however many there are.
/// </summary>
internal sealed class ReadyLine
{
    private readonly Session session;
    private readonly long queue;
    private readonly List<Head> heads = [];
    private Head? first;

    /// <summary>From what <c>ready_jobs</c> answered of each kind: more than is taken here.</summary>
    public ReadyLine(Session session, long queue, IReadOnlyDictionary<long, Statement> ready)
    {
        (this.session, this.queue) = (session, queue);
        foreach (var (kind, rows) in ready)
        {
            heads.Add(new Head(kind, rows));
            heads[^1].Step();
        }
        first = First();
    }

    public bool HasJob => first is not null;

    /// <summary>The payload of the job that goes next.</summary>
    public byte[] Payload => first!.Payload;

    /// <summary>The kind of the job that goes next.</summary>
    public long Kind => first!.Kind;

    /// <summary>Takes the job that goes next.</summary>
    public (ClaimedJob Job, long Batch) Take()
    {
        var job = first!.Take(session, queue);
        var batch = first.LastBatch;
        first.Step();
        first = First();
        return (job, batch);
    }

    /// <summary>Moves what was taken to its node; the line is over then.</summary>
    /// <param name="node">The node.</param>
    /// <param name="group">The group that was charged; null where nobody shares.</param>
    /// <param name="charged">What was charged for each job of a kind.</param>
    /// <param name="further">Flags that are added where the job runs.</param>
    public void Move(long node, long? group, Func<long, double?> charged, JobFlags further)
    {
        foreach (var head in heads)
        {
            head.Move(session, queue, node, group, charged, further);
        }
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
            ScheduledFor = extras.ScheduledFor,
            ReadyAt = Moment.From(place.Since),
            Solo = Policies.NodeLoss.IsSolo((int)place.Lost),
            TraceParent = extras.TraceParent,
        };
    }

    private Head? First()
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
        private bool begun;
        private (long Priority, long Job) last;

        public long Kind => kind;

        public bool HasJob { get; private set; }

        public byte[] Payload => rows.Blob(12);

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
            (begun, last) = (true, (priority, job));
            LastBatch = rows.Long(2);
            var place = new Place { Queue = queue, Kind = kind, Priority = priority, Job = job, Batch = LastBatch, Flags = (JobFlags)rows.Long(3) };
            place.ReadWait(rows, 4);
            return Claimed(session, place, rows, 8);
        }

        public void Move(Session session, long queue, long node, long? group, Func<long, double?> charged, JobFlags further)
        {
            if (!begun)
            {
                return;
            }
            session.Sql["start_ready"].Add(node).Add(session.Now).Add(queue).Add(kind).Add(last.Priority).Add(last.Job)
                .Add(group).Add(charged(kind)).Add((long)further).Run();
        }
    }
}
