using Fairlead.Policies;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

public sealed partial class PostgreSqlJobStore
{
    private static readonly TimeSpan DefaultDeadline = TimeSpan.FromDays(7);
    private static readonly TimeSpan NodesKept = TimeSpan.FromHours(1);

    private readonly KnownLeases leases;

    /// <inheritdoc />
    public async ValueTask<RescueResult> RescueAsync(CancellationToken cancellationToken = default)
    {
        if (leases.AllLast)
        {
            return RescueResult.None;
        }
        // Looked at from outside first: the sweep finds nothing nearly always.
        var found = Ask(sql => SilentNodes(sql, clock.Given).Count > 0);
        return found ? await WriteAsync(Rescue, cancellationToken) : RescueResult.None;
    }

    /// <inheritdoc />
    public async ValueTask<int> ExpireAsync(int limit = 1000, CancellationToken cancellationToken = default) =>
        await AskAloneAsync(sql => sql["any_late"].Add(clock.Given).Add(Moment.Of(DefaultDeadline)), static row => row.Any(), cancellationToken) ? await WriteAsync(session => Expire(session, limit), cancellationToken) : 0;

    private List<long> SilentNodes(Statements sql, long? now)
    {
        var nodes = new List<long>();
        var (from, to) = Writer.Health.Gaps();
        // Where the clock is not the server's, the server's own says nothing of how long nobody was heard.
        var row = sql["silent_nodes"].Add(now).Add(from).Add(to).Add(clock.Given is null ? Moment.Of(s_unheard) : null);
        while (row.Step())
        {
            nodes.Add(row.Long(0));
        }
        return nodes;
    }

    private RescueResult Rescue(Session session)
    {
        var infos = new List<NodeInfo>();
        var (requeued, poisoned) = (0, 0);
        session.Sql["hold_nodes"].Run();
        foreach (var node in SilentNodes(session.Sql, session.Now))
        {
            foreach (var job in session.RunningOn(node))
            {
                var status = LoseNode(session, job);
                requeued += status == JobStatus.Queued ? 1 : 0;
                poisoned += status == JobStatus.Failed ? 1 : 0;
            }
            session.EndNode(node);
            session.Raise("nodes_lost");
            infos.AddRange(NodeReader.Read(session.Sql, node, long.MinValue));
        }
        return new(infos, requeued, poisoned);
    }

    private static JobStatus LoseNode(Session session, RunningJob job)
    {
        job.Place.Lost++;
        var settlement = NodeLoss.Settle((int)job.Place.Lost, job.Cancelling);
        session.TakeBack(job, AttemptOutcome.Lost, settlement);
        return settlement.Status;
    }

    private static int Expire(Session session, int limit)
    {
        WalkDefaultDeadlines(session);
        var expired = 0;
        foreach (var (at, job) in Late(session, limit))
        {
            session.Sql["remove_deadline"].Add(at).Add(job).Run();
            expired += ExpireOne(session, job) ? 1 : 0;
            session.SettleEnds();
        }
        return expired;
    }

    private static bool ExpireOne(Session session, long job)
    {
        var found = JobFinder.Find(session.Sql, job);
        if (found is null || found.Status.IsEnded() || found.Deadline > session.Now)
        {
            return false;
        }
        var reason = WaitReasons.Of(session.Sql, found, session.QueueName(found.Place.Queue), session.KindName(found.Place.Kind), session.Now);
        session.CountOut(found);
        session.EndWaiting(found.Place, JobStatus.Failed, $"Its deadline passed while it waited for {Diagnostics.WaitCauses.ToWire(reason.Cause)} ({reason.Key}).");
        return true;
    }

    private static List<(long At, long Job)> Late(Session session, int limit)
    {
        var late = new List<(long, long)>();
        var row = session.Sql["late_jobs"].Add(session.Now).Add(limit);
        while (row.Step())
        {
            late.Add((row.Long(0), row.Long(1)));
        }
        return late;
    }

    // Jobs with the default deadline have no row of their own. Ids grow with time, so a cursor passes each job once, when it is seven
    // days old; the few that have not ended by then get their row now, and are failed from it as soon as they do not run.
    private static void WalkDefaultDeadlines(Session session)
    {
        var cursor = session.Sql["counter"].Add("expire_cursor").Number() ?? 0;
        var last = cursor;
        var open = new List<long>();
        var row = session.Sql["next_by_age"].Add(cursor).Add(session.Now - Moment.Of(DefaultDeadline)).Add(20_000);
        while (row.Step())
        {
            last = row.Long(0);
            if (row.Long(1) != 0)
            {
                open.Add(last);
            }
        }
        foreach (var job in open)
        {
            session.Sql["add_deadline"].Add(session.Now).Add(job).Run();
        }
        if (last != cursor)
        {
            session.Sql["set_counter"].Add(last).Add("expire_cursor").Run();
        }
    }
}
