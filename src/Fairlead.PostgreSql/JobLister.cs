using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>
/// Lists jobs in order of id, walking the smallest table that can hold the answer: those that ended badly, wait or run have their own;
/// only a look at everything walks the jobs themselves, and that one jumps over the items of batches.
/// </summary>
internal sealed class JobLister(Statements sql, NameTable names, JobQuery query, long now)
{
    // As the statements have it.
    private const int PageSize = 500;

    private readonly JobReader reader = new(sql, names, now);

    public JobPage Page()
    {
        var limit = Math.Clamp(query.Limit, 1, 1000);
        var jobs = new List<Job>();
        var queue = query.Queue is null ? null : reader.Names.QueueId(query.Queue);
        if (query.Queue is not null && queue is null)
        {
            return new([], null);
        }
        foreach (var id in Candidates())
        {
            if (Matches(id, queue) && reader.Read(id) is { } job && (query.Status is null || job.Status == query.Status))
            {
                if (jobs.Count == limit)
                {
                    return new(jobs, jobs[^1].Id);
                }
                jobs.Add(job);
            }
        }
        return new(jobs, null);
    }

    private long Start => query.Cursor?.Value ?? (query.NewestFirst ? long.MaxValue : 0);

    private IEnumerable<long> Candidates()
    {
        if (query.Batch is { } batch)
        {
            return Items(batch.Value);
        }
        if (query.BatchesOnly)
        {
            return Rows(query.NewestFirst ? "batches_down" : "batches_up");
        }
        var direction = query.NewestFirst ? "down" : "up";
        return query.Status switch
        {
            JobStatus.Scheduled => Rows("waiting_" + direction, 0),
            JobStatus.Blocked => Rows("waiting_" + direction, 1),
            JobStatus.Processing => WithBatches(Rows("processing_" + direction), JobStatus.Processing),
            JobStatus.Failed => WithBatches(Rows("badly_" + direction, (long)JobStatus.Failed), JobStatus.Failed),
            JobStatus.Cancelled => WithBatches(Rows("badly_" + direction, (long)JobStatus.Cancelled), JobStatus.Cancelled),
            _ => Walk(),
        };
    }

    private IEnumerable<long> Rows(string statement, long? of = null) => Pages(statement, Start, of).Select(static row => row.Id);

    /// <summary>The rows of a walk, page by page: id, and the batch where the walk tells it.</summary>
    private IEnumerable<(long Id, long Batch)> Pages(string statement, long from, long? of = null)
    {
        var read = PageSize;
        while (read == PageSize)
        {
            var row = of is { } state ? sql[statement].Add(state).Add(from) : sql[statement].Add(from);
            for (read = 0; row.Step(); read++)
            {
                from = row.Long(0);
                yield return (from, row.Columns > 1 ? row.Long(1) : 0);
            }
        }
    }

    // Batches have these statuses too; they are few, so both lists are merged in memory.
    private IEnumerable<long> WithBatches(IEnumerable<long> ids, JobStatus status)
    {
        var batches = Rows(query.NewestFirst ? "batches_down" : "batches_up").Where(id => StatusOf(id) == status).ToList();
        var next = 0;
        foreach (var id in ids)
        {
            while (next < batches.Count && (query.NewestFirst ? batches[next] > id : batches[next] < id))
            {
                yield return batches[next++];
            }
            yield return id;
        }
        while (next < batches.Count)
        {
            yield return batches[next++];
        }
    }

    private JobStatus? StatusOf(long batch)
    {
        var row = sql["batch"].Add(batch);
        JobStatus? status = row.Step() ? (JobStatus)row.Int(4) : null;
        return status;
    }

    private IEnumerable<long> Items(long batch)
    {
        var size = sql["batch_size"].Add(batch).Number() ?? 0;
        return (query.NewestFirst ? Pages("walk_down", Math.Min(Start, batch + size + 1)) : Pages("walk_up", Math.Max(Start, batch)))
            .TakeWhile(row => row.Batch == batch).Select(static row => row.Id);
    }

    private IEnumerable<long> Walk()
    {
        var from = Start;
        while (true)
        {
            long inside = 0;
            foreach (var (id, batch) in Pages(query.NewestFirst ? "walk_down" : "walk_up", from))
            {
                inside = batch;
                if (inside != 0)
                {
                    break;
                }
                yield return id;
            }
            if (inside == 0)
            {
                yield break;
            }
            from = query.NewestFirst ? inside + 1 : inside + (sql["batch_size"].Add(inside).Number() ?? 1);
        }
    }

    private bool Matches(long id, long? queue)
    {
        if (queue is null && query.Group is null && query.Batch is not null)
        {
            return true;
        }
        var row = sql["job_filter"].Add(id);
        var matches = row.Step()
            && (queue is null || row.Long(0) == queue)
            && (query.Group is null || row.MaybeText(1) == query.Group)
            && (query.Batch is not null || row.IsNull(2));
        return matches;
    }
}
