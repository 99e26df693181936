using Fairlead.Diagnostics;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

public sealed partial class PostgreSqlJobStore
{
    /// <inheritdoc />
    public ValueTask PauseAsync(string queue, CancellationToken cancellationToken = default) =>
        WriteAsync(session => SetPaused(session, queue, paused: true), cancellationToken);

    /// <inheritdoc />
    public ValueTask ResumeAsync(string queue, CancellationToken cancellationToken = default) =>
        WriteAsync(session => SetPaused(session, queue, paused: false), cancellationToken);

    /// <inheritdoc />
    public ValueTask<QueueDefinition?> ChangeQueueAsync(string queue, QueueChange? change, CancellationToken cancellationToken = default) =>
        WriteAsync(session => ChangeQueue(session, queue, change), cancellationToken);

    /// <inheritdoc />
    public ValueTask<int> EndWorkersAsync(string? worker, CancellationToken cancellationToken = default) =>
        WriteAsync(session => EndWorkers(session, worker), cancellationToken);

    /// <inheritdoc />
    public ValueTask<CancelResult?> CancelAsync(JobId job, CancellationToken cancellationToken = default) =>
        WriteAsync(session => Cancel(session, job.Value), cancellationToken);

    /// <inheritdoc />
    public ValueTask<int?> RetryAsync(JobId job, CancellationToken cancellationToken = default) =>
        WriteAsync(session => Retry(session, job.Value), cancellationToken);

    private static void SetPaused(Session session, string name, bool paused)
    {
        var queue = session.Queue(name);
        session.Sql["set_paused"].Add(queue).Add(paused ? 1 : 0).Run();
        session.ForgetFacts(queue);
        if (paused)
        {
            session.OpenBlock(queue, WaitCause.Paused, name);
        }
        else
        {
            session.CloseBlock(queue, WaitCause.Paused, name);
        }
        session.Signal(paused ? StoreSignals.Control : StoreSignals.Control | StoreSignals.Work);
    }

    private static QueueDefinition? ChangeQueue(Session session, string name, QueueChange? change)
    {
        if (change?.Problems(name).FirstOrDefault() is { } problem)
        {
            throw new ArgumentException(problem, nameof(change));
        }
        if (!session.TryQueue(name, out var queue) || QueueTerms.Read(queue, session.Sql) is not { Declared: not null } terms)
        {
            return null;
        }
        var changed = terms with { Change = QueueChange.Over(terms.Change, change) };
        Define(session, queue, changed);
        session.Signal(StoreSignals.Control | StoreSignals.Work);
        return changed.InForce;
    }

    /// <summary>Something else is in force from now on: who it blocks is looked at anew.</summary>
    private static void Define(Session session, long queue, QueueTerms terms)
    {
        session.Redefine(queue, terms);
        session.ReconsiderAll(queue);
        if (session.Tally(-queue).Processing < (terms.InForce?.MaxConcurrent ?? long.MaxValue))
        {
            session.CloseBlock(queue, WaitCause.Slot, session.QueueName(queue));
        }
    }

    private static int EndWorkers(Session session, string? wanted)
    {
        var asked = 0;
        foreach (var (node, _, pool) in PoolReader.Read(session.Sql))
        {
            foreach (var worker in pool.Workers.Where(worker => wanted is null || worker.Id == wanted))
            {
                session.Sql["end_worker"].Add(node.Value).Add(worker.Id).Run();
                asked++;
            }
        }
        session.Signal(asked > 0 ? StoreSignals.Control : StoreSignals.None);
        return asked;
    }

    private static CancelResult? Cancel(Session session, long id)
    {
        if (Itself(session, id) is not { } range)
        {
            return null;
        }
        List<FoundJob> running = range.Batch == id ? CancelBatches(session, id) : [];
        if (range.Batch != id && CancelOne(session, id) is { } itself)
        {
            running = [itself, .. itself.Node == Session.Store ? CancelBatches(session, session.ChildrenOf(id)) : []];
        }
        session.SettleEnds();
        session.Signal(StoreSignals.Control);
        return new(session.Cancelled, running.Count(job => job.Node != Session.Store || session.IsCarried(job.Place.Job)));
    }

    /// <summary>Cancels a batch with all its items, and the children of those: a loop, however deep parents stand under parents.</summary>
    /// <returns>What runs and was marked.</returns>
    private static List<FoundJob> CancelBatches(Session session, long batch)
    {
        var running = new List<FoundJob>();
        for (var batches = new Queue<long>([batch]); batches.TryDequeue(out var next);)
        {
            session.Sql["cancel_batch"].Add(next).Run();
            var last = next + (session.Sql["batch_size"].Add(next).Number() ?? 0);
            foreach (var job in Numbers(session.Sql["open_between"].Add(next + 1).Add(last)))
            {
                if (CancelOne(session, job) is not { } marked)
                {
                    continue;
                }
                running.Add(marked);
                if (marked.Node == Session.Store)
                {
                    batches.Enqueue(session.ChildrenOf(job));
                }
            }
        }
        return running;
    }

    /// <summary>Cancels what waits; marks what runs, and a parent, which ends with its children.</summary>
    /// <returns>The job when it was marked.</returns>
    private static FoundJob? CancelOne(Session session, long job)
    {
        var found = JobFinder.Find(session.Sql, job);
        if (found is null || found.Status.IsEnded())
        {
            return null;
        }
        if (found.Status == JobStatus.Processing)
        {
            session.Sql["mark_cancelled"].Add(found.Node).Add(job).Run();
            return found;
        }
        session.CountOut(found);
        session.EndWaiting(found.Place, JobStatus.Cancelled, "Cancelled before it ran.");
        return null;
    }

    private static int? Retry(Session session, long id)
    {
        if (Itself(session, id) is not { } range)
        {
            return null;
        }
        var again = EndedBadly(session, range.First, range.Last).FindAll(job => MayRetry(session, job));
        if (again.Count > 0 && range.Batch != 0)
        {
            session.Sql["reopen_batch"].Add(range.Batch).Run();
        }
        foreach (var job in again)
        {
            Renew(session, job);
        }
        return again.Count;
    }

    private static List<long> EndedBadly(Session session, long first, long last) =>
    [
        .. Numbers(session.Sql["ended_badly_between"].Add((long)JobStatus.Failed).Add(first).Add(last))
            .Concat(Numbers(session.Sql["ended_badly_between"].Add((long)JobStatus.Cancelled).Add(first).Add(last))).Order(),
    ];

    private static bool MayRetry(Session session, long job)
    {
        var row = session.Sql["key_of"].Add(job);
        if (!row.Step())
        {
            return false;
        }
        return row.IsNull(1) || session.HolderOf(row.Long(0), row.Text(1)) is not { } holder || holder == job;
    }

    /// <summary>As on its first day: all its retries, its unique key, and its deadline as long as it was.</summary>
    private static void Renew(Session session, long job)
    {
        var found = JobFinder.Find(session.Sql, job)!;
        var place = found.Place with { Attempt = 0, Since = session.Now };
        var timedOut = found.Status == JobStatus.Failed
            && (session.Sql["ended_outcome"].Add(job).Number() & Session.OutcomeMask) == (long)AttemptOutcome.TimedOut;
        session.Count(place.Queue, place.Batch, found.Status, -1, timedOut);
        session.Sql["keep_ended_attempt"].Add(job).Run();
        session.Sql["remove_ended"].Add(job).Run();
        RenewKey(session, place);
        RenewDeadline(session, job);
        session.MakeReady(place);
    }

    private static void RenewKey(Session session, in Place place)
    {
        if (!place.Flags.HasFlag(JobFlags.Unique))
        {
            return;
        }
        var row = session.Sql["key_of"].Add(place.Job);
        row.Step();
        var key = row.Text(1);
        if (session.HolderOf(place.Queue, key) is null)
        {
            session.TakeKey(place.Queue, key, place.Job);
        }
    }

    private static void RenewDeadline(Session session, long job)
    {
        var row = session.Sql["job_extras"].Add(job);
        row.Step();
        var within = JobExtras.Read(row.MaybeText(0)).Deadline ?? TimeSpan.FromDays(7);
        var deadline = session.Now + Moment.Of(within);
        session.Sql["set_deadline"].Add(job).Add(deadline).Run();
        session.Sql["add_deadline"].Add(deadline).Add(job).Run();
    }

    /// <summary>The ids of a job itself, or of the items of a batch; its batch, if it is one or in one; null when there is no such job.</summary>
    private static (long First, long Last, long Batch)? Itself(Session session, long id)
    {
        var row = session.Sql["job_batch"].Add(id);
        if (!row.Step())
        {
            return null;
        }
        var (batch, isBatch) = (row.Long(0), ((JobFlags)row.Long(1)).HasFlag(JobFlags.Batch));
        if (!isBatch)
        {
            return (id, id, batch);
        }
        var head = session.Sql["batch_head"].Add(id);
        var size = head.Step() ? head.Long(0) : 0;
        return (id + 1, id + size, id);
    }

    private static List<long> Numbers(Statement row)
    {
        var numbers = new List<long>();
        while (row.Step())
        {
            numbers.Add(row.Long(0));
        }
        return numbers;
    }
}
