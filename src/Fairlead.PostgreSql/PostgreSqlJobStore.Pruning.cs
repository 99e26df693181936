using Fairlead.Storage;

namespace Fairlead.PostgreSql;

public sealed partial class PostgreSqlJobStore
{
    // Blocks are many where slots are few; so many at once keep the transaction short.
    private const int BlocksAtOnce = 10_000;

    private static readonly string[] s_forget =
        ["forget_ended", "forget_attempts", "forget_waits", "forget_logs", "forget_parents", "forget_jobs", "forget_batches", "forget_tallies"];

    private readonly OldJobs oldJobs = new();
    private readonly IdleThings idleThings = new();

    /// <inheritdoc />
    public async ValueTask<int> PruneAsync(Retention retention, int limit = 1000, CancellationToken cancellationToken = default)
    {
        // Found outside of the turn; what has changed since then is seen to inside. Where nothing ends, nothing is written.
        var (longest, shortest) = retention.Failed > retention.Completed ? (retention.Failed, retention.Completed) : (retention.Completed, retention.Failed);
        var (due, more) = await AskAloneAsync(
            sql => sql["may_prune"].Add(clock.Given).Add(Moment.Of(NodesKept)).Add(Moment.Of(longest)).Add(Moment.Of(shortest)),
            static row => row.Step() ? (row.Long(0) != 0, row.Long(1) != 0) : default, cancellationToken);
        var found = more ? Read(sql => Find(sql, retention, limit)) : new([], [], []);
        return !due && found.IsEmpty ? 0 : await WriteAsync(session => Prune(session, found, retention, limit), cancellationToken, limit);
    }

    private Prunable Find(Statements sql, Retention retention, int limit)
    {
        var now = clock.Time(sql);
        return new(oldJobs.Find(sql, now, retention, limit), idleThings.Groups(sql, Moment.Of(now)), idleThings.LimitStates(sql, Moment.Of(now - LimitStatesKept)));
    }

    private int Prune(Session session, Prunable found, Retention retention, int limit)
    {
        var forgotten = 0;
        foreach (var jobs in found.Jobs)
        {
            if (session.Sql["kept_between"].Add(jobs.First).Add(jobs.Last).Any())
            {
                // One of them was retried meanwhile: the next walk finds what is left of the range.
                oldJobs.KeptFrom(jobs.First);
            }
            else
            {
                forgotten += Forget(session, jobs);
            }
        }
        ForgetNodes(session);
        ForgetIdle(session, found);
        forgotten += session.Sql["drop_expired_keys"].Add(session.Now).Add(Math.Max(0, limit - forgotten)).Change();
        session.Sql["forget_blocks"].Add(session.Now - Moment.Of(retention.Failed > retention.Completed ? retention.Failed : retention.Completed)).Add(BlocksAtOnce).Run();
        return forgotten;
    }

    private static void ForgetNodes(Session session)
    {
        session.Sql["forget_nodes"].Add(session.Now - Moment.Of(NodesKept)).Run();
        session.Sql["forget_serves"].Run();
        session.Sql["forget_declares"].Run();
        session.Sql["forget_timekeepers"].Run();
    }

    /// <returns>How many jobs and batches it were.</returns>
    private static int Forget(Session session, JobRange jobs)
    {
        var row = session.Sql["ended_between"].Add(jobs.First).Add(jobs.Last);
        while (row.Step())
        {
            session.Count(row.Long(0), 0, (JobStatus)row.Int(1), -row.Long(3), row.Long(2) != 0);
        }
        SettleKeysOf(session, jobs.First, jobs.Last);
        var forgotten = session.Sql["count_between"].Add(jobs.First).Add(jobs.Last).Number() ?? 0;
        foreach (var verb in s_forget)
        {
            session.Sql[verb].Add(jobs.First).Add(jobs.Last).Run();
        }
        return (int)forgotten;
    }

    private readonly record struct Prunable(List<JobRange> Jobs, long[] Groups, List<(string Limit, string Key, long Id)> LimitStates)
    {
        public bool IsEmpty => Jobs.Count == 0 && Groups.Length == 0 && LimitStates.Count == 0;
    }
}
