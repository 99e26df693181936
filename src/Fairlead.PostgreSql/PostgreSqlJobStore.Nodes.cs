using System.Text.Json;
using Fairlead.Diagnostics;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.PostgreSql;

public sealed partial class PostgreSqlJobStore
{
    // Longer than between two heartbeats, so that one node that is heard keeps the silence of the others counting.
    private static readonly TimeSpan s_unheard = TimeSpan.FromSeconds(4);

    private readonly LogBounds logs = new();

    /// <inheritdoc />
    public ValueTask<NodeLease> JoinAsync(NodeRegistration registration, CancellationToken cancellationToken = default) =>
        WriteAsync(session => Join(session, registration), cancellationToken);

    /// <inheritdoc />
    public ValueTask DeclareAsync(NodeId node, NodeRegistration registration, CancellationToken cancellationToken = default) =>
        WriteAsync(session => Redeclare(session, node.Value, registration), cancellationToken);

    /// <inheritdoc />
    public ValueTask ReportPoolsAsync(NodeId node, IReadOnlyList<PoolReport> pools, CancellationToken cancellationToken = default) =>
        WriteAsync(session => ReportPools(session, node.Value, pools), cancellationToken);

    /// <inheritdoc />
    public async ValueTask<HeartbeatReply> HeartbeatAsync(NodeId node, CancellationToken cancellationToken = default) =>
        // A node that was found dead, an outage to note, a group to charge: that is written in turn.
        await BeatAsync(node.Value, cancellationToken) ?? await WriteAsync(session => Heartbeat(session, node.Value), cancellationToken);

    /// <inheritdoc />
    public ValueTask LeaveAsync(NodeId node, CancellationToken cancellationToken = default) =>
        WriteAsync(session => Leave(session, node.Value), cancellationToken);

    /// <inheritdoc />
    public ValueTask ReportProgressAsync(NodeId node, IReadOnlyList<ProgressReport> reports, CancellationToken cancellationToken = default) =>
        WriteAsync(session => ReportProgress(session, node.Value, reports), cancellationToken, reports.Count);

    /// <inheritdoc />
    public ValueTask AppendLogAsync(IReadOnlyList<JobLogLine> lines, CancellationToken cancellationToken = default) =>
        WriteAsync(session => AppendLog(session, lines), cancellationToken, lines.Count);

    private static bool IsMember(Session session, long node) => session.Sql["node_is_member"].Add(node).Any();

    private NodeLease Join(Session session, NodeRegistration registration)
    {
        NoteOutage(session);
        Declare(session, registration, by: 0);
        var node = session.Sql["counter"].Add("next_node").Number()!.Value;
        session.Raise("next_node");
        session.Sql["add_node"].Add(node).Add(registration.Name).Add(registration.Slots).Add(Moment.Of(registration.Lease)).Add(session.Now).Run();
        Serve(session, node, registration);
        session.Signal(StoreSignals.Control);
        return new(new(node), session.Time);
    }

    private void Redeclare(Session session, long node, NodeRegistration registration)
    {
        if (!HoldsLease(session, node))
        {
            return;
        }
        Declare(session, registration, node);
        var before = session.ServedBy(node);
        session.Sql["forget_served"].Add(node).Run();
        session.Sql["forget_declared"].Add(node).Run();
        session.Sql["forget_time_of"].Add(node).Run();
        // It may no longer serve what it was to make room for; if it does, its next claim is asked again.
        session.Sql["unreserve_all"].Add(node).Run();
        session.Sql["set_slots"].Add(node).Add(registration.Slots).Run();
        Serve(session, node, registration);
        session.StopServing(node, [.. before.Except(session.ServedBy(node))]);
        session.Signal(StoreSignals.Control | StoreSignals.Work);
    }

    private static void Serve(Session session, long node, NodeRegistration registration)
    {
        foreach (var served in registration.Queues)
        {
            var queue = session.Queue(served.Definition.Name);
            foreach (var name in served.Kinds)
            {
                session.Sql["add_serves"].Add(queue).Add(session.Kind(name)).Add(node).Run();
                session.CloseBlock(queue, WaitCause.NoNode, name.ToString());
            }
        }
        foreach (var limit in registration.Limits)
        {
            session.Sql["add_declares"].Add(session.KnownLimit(limit.Name).Id).Add(node).Run();
        }
        foreach (var schedule in registration.Schedules)
        {
            session.Sql["keep_time"].Add(schedule.Name).Add(node).Run();
        }
    }

    /// <summary>All that a node wants must fit what other live nodes hold.</summary>
    private void Declare(Session session, NodeRegistration registration, long by)
    {
        DeclareAll(session, registration.Limits, by);
        foreach (var served in registration.Queues)
        {
            RequireLimits(session, served.Definition);
            Declare(session, served.Definition, by);
        }
        foreach (var schedule in registration.Schedules)
        {
            Declare(session, schedule, by);
        }
    }

    private void Declare(Session session, QueueDefinition wanted, long by)
    {
        var queue = session.Queue(wanted.Name);
        var terms = QueueTerms.Read(queue, session.Sql);
        if (terms.Declared == wanted)
        {
            return;
        }
        if (terms.Declared is { } held && Live(session, session.Sql["live_holders"].Add(queue), by) is { } holder)
        {
            throw new StoreMismatchException(
                $"Queue '{wanted.Name}' is held by node '{holder}' as {held}, but this node declares {wanted}. Stop that node first, or declare the same.");
        }
        Define(session, queue, terms with { Declared = wanted });
    }

    private string? Live(Session session, Statement row, long except)
    {
        var holders = new List<(long Id, string Name)>();
        while (row.Step())
        {
            holders.Add((row.Long(0), row.Text(1)));
        }
        return holders.Find(h => h.Id != except && HoldsLease(session, h.Id)).Name;
    }

    // Where the clock is not the server's, time does not pass while a store is away: the server's own says nothing of how long nobody was heard.
    private long? HeardWithin => clock.Given is null ? Moment.Of(s_unheard) : null;

    /// <summary>A heartbeat in one statement, without the turn; null when that is not enough.</summary>
    private async ValueTask<HeartbeatReply?> BeatAsync(long node, CancellationToken cancellationToken)
    {
        var (beat, asked) = ((Statement?)null, clock.Watch.GetTimestamp());
        try
        {
            return await Writer.AskAsync(
                sql =>
                {
                    beat = sql["beat"].Add(node).Add(clock.Given).Add(HeardWithin).Ahead();
                    return beat.Count > 0 ? beat.At(0).Time(0) : null;
                },
                session => Beat(session, beat!, asked), cancellationToken);
        }
        catch (StoreUnavailableException busy) when (busy.InnerException is PostgresException { SqlState: PostgresErrorCodes.SerializationFailure })
        {
            // Where the database's own isolation is stricter, another heartbeat came between.
            return null;
        }
    }

    /// <summary>What that statement answered; null when more is to be written.</summary>
    private HeartbeatReply? Beat(Session session, Statement row, long asked)
    {
        if (row.Count == 0 || row.At(0).Long(4) != 0)
        {
            return null;
        }
        var (cancel, workers, changed, ailing) = (new List<AttemptKey>(), new List<string>(), new List<QueueDefinition>(), new List<string>());
        for (var at = 0; at < row.Count; at++)
        {
            switch (row.At(at).MaybeLong(5))
            {
                case 1:
                    cancel.Add(new(new(row.Long(6)), row.Long(7)));
                    break;
                case 2:
                    workers.Add(row.Text(8));
                    break;
                case 3:
                    changed.Add(QueueTerms.Of(row.MaybeText(8), row.MaybeText(9)).InForce!);
                    break;
                case 4 when BreakerText.Read(row.MaybeText(8)).OpenUntil > session.Time:
                    ailing.Add(session.QueueName(row.Long(6)));
                    break;
            }
        }
        row.At(0);
        leases.Learn(asked, row.MaybeLong(3) is { } end ? TimeSpan.FromMicroseconds(end - session.Now) : null);
        return new(true, session.Time, cancel, row.Long(1) == 1)
        {
            LiveNodes = row.Int(2), Ailing = ailing, EndWorkers = workers,
            Changed = [.. changed.OrderBy(static queue => queue.Name, StringComparer.Ordinal)],
        };
    }

    // Where the clock is not the server's, time does not pass while a store is away.
    private void NoteOutage(Session session)
    {
        if (clock.Given is null)
        {
            session.Sql["note_outage"].Add(Moment.Of(s_unheard)).Run();
        }
    }

    private HeartbeatReply Heartbeat(Session session, long node)
    {
        NoteOutage(session);
        if (session.Sql["heartbeat"].Add(node).Add(session.Now).Change() == 0)
        {
            return new(false, session.Time, []);
        }
        var cancel = new List<AttemptKey>();
        var row = session.Sql["cancelled_on"].Add(node);
        while (row.Step())
        {
            cancel.Add(new(new(row.Long(0)), row.Long(1)));
        }
        session.ChargeOverruns(node);
        return new(true, session.Time, cancel, session.Sql["drain_asked"].Add(node).Number() == 1)
        {
            LiveNodes = (int)(session.Sql["count_live_nodes"].Add(session.Now).Number() ?? 1), Ailing = Ailing(session, node),
            EndWorkers = WorkersToEnd(session, node), Changed = Changed(session, node),
        };
    }

    private static List<string> WorkersToEnd(Session session, long node)
    {
        var workers = new List<string>();
        var row = session.Sql["workers_to_end"].Add(node);
        while (row.Step())
        {
            workers.Add(row.Text(0));
        }
        return workers;
    }

    private static List<QueueDefinition> Changed(Session session, long node)
    {
        var changed = new List<QueueDefinition>();
        var row = session.Sql["changed_queues"].Add(node);
        while (row.Step())
        {
            changed.Add(QueueTerms.Of(row.MaybeText(0), row.MaybeText(1)).InForce!);
        }
        return changed;
    }

    private static void ReportPools(Session session, long node, IReadOnlyList<PoolReport> pools)
    {
        if (!HoldsLease(session, node))
        {
            return;
        }
        IReadOnlyList<PoolReport> sorted = [.. pools.OrderBy(static pool => pool.Queue, StringComparer.Ordinal)];
        session.Sql["report_pools"].Add(node).Add(JsonSerializer.SerializeToUtf8Bytes(sorted, PoolJson.Default.IReadOnlyListPoolReport)).Run();
        foreach (var gone in WorkersToEnd(session, node).Except(pools.SelectMany(static pool => pool.Workers).Select(static worker => worker.Id)))
        {
            session.Sql["worker_is_gone"].Add(node).Add(gone).Run();
        }
    }

    private static List<string> Ailing(Session session, long node)
    {
        var ailing = new List<long>();
        var row = session.Sql["ailing_queues"].Add(node);
        while (row.Step())
        {
            if (BreakerText.Read(row.MaybeText(1)).OpenUntil > session.Time)
            {
                ailing.Add(row.Long(0));
            }
        }
        return ailing.ConvertAll(session.QueueName);
    }

    private void Leave(Session session, long node)
    {
        if (!IsMember(session, node))
        {
            return;
        }
        foreach (var job in session.RunningOn(node))
        {
            session.TakeBack(job, AttemptOutcome.HandedBack, Session.GivenBack(job));
        }
        session.EndNode(node);
        sequences.Remove(node);
        quiet.TryRemove(node, out _);
    }

    private static void ReportProgress(Session session, long node, IReadOnlyList<ProgressReport> reports)
    {
        foreach (var report in reports)
        {
            session.Sql["progress"].Add(node).Add(report.Attempt.Job.Value).Add(report.Attempt.Fence).Add(report.Processed).Add(report.Total).Run();
        }
    }

    private void AppendLog(Session session, IReadOnlyList<JobLogLine> lines)
    {
        foreach (var line in lines)
        {
            if (logs.Admit(line) is { } message)
            {
                session.Sql["add_log"].Add(line.Attempt.Job.Value).Add(line.Attempt.Fence).Add(Moment.Of(line.At)).Add((long)line.Level).Add(message).Run();
            }
        }
    }
}
