using Fairlead.Storage;

namespace Fairlead.PostgreSql;

public sealed partial class PostgreSqlJobStore
{
    /// <inheritdoc />
    public async ValueTask<int> PruneAsync(Retention retention, int limit = 1000, CancellationToken cancellationToken = default)
    {
        var candidates = Read(sql => OldEnded(sql, retention, limit));
        return await WriteAsync(session => Prune(session, candidates, retention, limit), cancellationToken, limit);
    }

    private List<Forgettable> OldEnded(Statements sql, Retention retention, int limit)
    {
        var now = clock.Time(sql);
        var (well, badly) = (Moment.Of(now - retention.Completed), Moment.Of(now - retention.Failed));
        var found = new List<Forgettable>();
        long? after = 0;
        while (after is { } from && found.Count < limit)
        {
            after = OldEndedAfter(sql, from, well, badly, found, limit);
        }
        return found;
    }

    /// <summary>One page of the walk.</summary>
    /// <returns>Where the next one begins; null at the end.</returns>
    private static long? OldEndedAfter(Statements sql, long after, long well, long badly, List<Forgettable> found, int limit)
    {
        var row = sql["old_ended"].Add(after).Add(well).Add(badly);
        long? last = null;
        while (found.Count < limit && row.Step())
        {
            if (row.Long(3) > Math.Max(well, badly))
            {
                return null;
            }
            last = row.Long(0);
            if (row.Long(2) is not 0 and var batch)
            {
                // An item goes with its batch: the walk jumps behind the batch's last one.
                return batch + (sql["batch_size"].Add(batch).Number() ?? 1);
            }
            if (row.Long(4) != 0)
            {
                found.Add(new(last.Value, ((JobFlags)row.Long(1)).HasFlag(JobFlags.Batch)));
            }
        }
        return last;
    }

    private static int Prune(Session session, List<Forgettable> candidates, Retention retention, int limit)
    {
        var forgotten = 0;
        foreach (var job in candidates)
        {
            var last = job.IsBatch ? job.Id + (session.Sql["batch_size"].Add(job.Id).Number() ?? 0) : job.Id;
            if (forgotten >= limit)
            {
                break;
            }
            if (StillEnded(session, job) && !session.Sql["any_abandoned_between"].Add(job.Id).Add(last).Any())
            {
                forgotten += Forget(session, job, last);
            }
        }
        session.Sql["forget_nodes"].Add(session.Now - Moment.Of(NodesKept)).Run();
        session.Sql["forget_serves"].Run();
        session.Sql["forget_declares"].Run();
        session.Sql["forget_timekeepers"].Run();
        ForgetIdle(session);
        forgotten += session.Sql["drop_expired_keys"].Add(session.Now).Add(Math.Max(0, limit - forgotten)).Change();
        session.Sql["forget_blocks"].Add(session.Now - Moment.Of(retention.Failed > retention.Completed ? retention.Failed : retention.Completed)).Run();
        return forgotten;
    }

    // It may have been retried since it was looked at.
    private static bool StillEnded(Session session, Forgettable job) => session.Sql["state_for_dependents"].Add(job.Id).Number() is not null;

    private static int Forget(Session session, Forgettable job, long last)
    {
        var row = session.Sql["ended_between"].Add(job.Id).Add(last);
        while (row.Step())
        {
            session.Count(row.Long(0), 0, (JobStatus)row.Int(1), -row.Long(3), row.Long(2) != 0);
        }
        SettleKeysOf(session, job.Id, last);
        foreach (var verb in (string[])["forget_ended", "forget_attempts", "forget_waits", "forget_logs", "forget_parents", "forget_jobs"])
        {
            session.Sql[verb].Add(job.Id).Add(last).Run();
        }
        if (job.IsBatch)
        {
            session.Sql["forget_batch"].Add(job.Id).Run();
            session.Sql["forget_tally"].Add(job.Id).Run();
        }
        return (int)(last - job.Id + 1);
    }

    private readonly record struct Forgettable(long Id, bool IsBatch);
}
