using Fairlead.Storage;

namespace Fairlead.Sqlite;

/// <summary>
/// Lists jobs in order of id, walking the smallest table that can hold the answer: those that ended badly, wait or run have their own;
/// only a look at everything walks the jobs themselves, and that one jumps over the items of batches.
/// </summary>
internal sealed class JobLister(Statements sql, NameTable names, JobQuery query, long now)
{
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
            return Rows(sql[query.NewestFirst ? "batches_down" : "batches_up"].Add(Start));
        }
        var direction = query.NewestFirst ? "down" : "up";
        return query.Status switch
        {
            JobStatus.Scheduled => Rows(sql["waiting_" + direction].Add(0).Add(Start)),
            JobStatus.Blocked => Rows(sql["waiting_" + direction].Add(1).Add(Start)),
            JobStatus.Processing => WithBatches(sql["processing_" + direction].Add(Start), JobStatus.Processing),
            JobStatus.Failed => WithBatches(sql["badly_" + direction].Add((long)JobStatus.Failed).Add(Start), JobStatus.Failed),
            JobStatus.Cancelled => WithBatches(sql["badly_" + direction].Add((long)JobStatus.Cancelled).Add(Start), JobStatus.Cancelled),
            _ => Walk(),
        };
    }

    private static IEnumerable<long> Rows(Statement row)
    {
        while (row.Step())
        {
            yield return row.Long(0);
        }
    }

    // Batches have these statuses too; they are few, so both lists are merged in memory.
    private IEnumerable<long> WithBatches(Statement row, JobStatus status)
    {
        var batches = Rows(sql[query.NewestFirst ? "batches_down" : "batches_up"].Add(Start)).Where(id => StatusOf(id) == status).ToList();
        var next = 0;
        while (row.Step())
        {
            var id = row.Long(0);
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
        row.Reset();
        return status;
    }

    private IEnumerable<long> Items(long batch)
    {
        var size = sql["batch_size"].Add(batch).Number() ?? 0;
        var row = query.NewestFirst ? sql["walk_down"].Add(Math.Min(Start, batch + size + 1)) : sql["walk_up"].Add(Math.Max(Start, batch));
        while (row.Step() && row.Long(1) == batch)
        {
            yield return row.Long(0);
        }
        row.Reset();
    }

    private IEnumerable<long> Walk()
    {
        var from = Start;
        while (true)
        {
            var row = sql[query.NewestFirst ? "walk_down" : "walk_up"].Add(from);
            long inside = 0;
            while (inside == 0 && row.Step())
            {
                inside = row.Long(1);
                if (inside == 0)
                {
                    yield return row.Long(0);
                }
            }
            row.Reset();
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
        row.Reset();
        return matches;
    }
}
