using Fairlead.Storage;

namespace Fairlead.PostgreSql;

public sealed partial class PostgreSqlJobStore
{
    // What a group's own limit remembers is of no use after so long, unless it says otherwise itself.
    private static readonly TimeSpan LimitStatesKept = TimeSpan.FromHours(1);

    /// <inheritdoc />
    public ValueTask DeclareLimitsAsync(IReadOnlyList<NamedLimit> limits, CancellationToken cancellationToken = default) =>
        WriteAsync(session => DeclareAll(session, limits, by: 0), cancellationToken);

    /// <inheritdoc />
    public ValueTask<PermitAnswer> AcquireAsync(PermitRequest request, CancellationToken cancellationToken = default) =>
        WriteAsync(session => Acquire(session, request), cancellationToken);

    /// <inheritdoc />
    public ValueTask ReleaseAsync(IReadOnlyList<Permit> permits, CancellationToken cancellationToken = default) =>
        WriteAsync(session => Release(session, permits), cancellationToken);

    /// <inheritdoc />
    public ValueTask ReportAsync(IReadOnlyList<LimitReport> reports, CancellationToken cancellationToken = default) =>
        WriteAsync(session => Report(session, reports), cancellationToken);

    private void DeclareAll(Session session, IReadOnlyList<NamedLimit> limits, long by)
    {
        foreach (var limit in limits)
        {
            Declare(session, limit, by);
        }
    }

    private void Declare(Session session, NamedLimit wanted, long by)
    {
        if (wanted.Limit.Problems(wanted.Name).FirstOrDefault() is { } problem)
        {
            throw new ArgumentException(problem);
        }
        if (session.Limit(wanted.Name) is not { } known)
        {
            session.Sql["add_limit"].Add(wanted.Name).Add(LimitEntry.Write(wanted.Limit)).Run();
        }
        else if (known.Declared != wanted.Limit)
        {
            if (Live(session, session.Sql["live_declarers"].Add(known.Id), by) is { } holder)
            {
                throw new StoreMismatchException(
                    $"Limit '{wanted.Name}' is held by node '{holder}' as {known.Declared}, but {wanted.Limit} is declared now. Stop that node first, or declare the same.");
            }
            session.Sql["declare_limit"].Add(known.Id).Add(LimitEntry.Write(wanted.Limit)).Run();
            foreach (var key in known.Change is null ? session.LimitKeys(known.Id) : [])
            {
                session.ChangedStateOf(known.Id, key).Redefined(known.Declared, wanted.Limit, session.Time);
            }
            session.WakeHeld(null);
            session.Signal(StoreSignals.Work);
        }
        session.ForgetLimit(wanted.Name);
    }

    private static void RequireLimits(Session session, QueueDefinition queue)
    {
        foreach (var use in queue.Limits)
        {
            if (session.Limit(use.Name) is null)
            {
                throw new ArgumentException($"Queue '{queue.Name}' uses a limit: {PermitDesk.Unknown(use.Name, session.LimitNames())}");
            }
        }
    }

    private static PermitAnswer Acquire(Session session, PermitRequest request)
    {
        var limit = session.KnownLimit(request.Limit);
        var node = request.Node is { } id && IsMember(session, id.Value) ? request.Node : null;
        if (limit.InForce.IsConcurrent && node is null)
        {
            throw new ArgumentException($"Limit '{limit.Name}' is a number at once: its permits are held by a node, and go back when it ends. Acquire them where workers run (RunWorkers).");
        }
        var key = PermitDesk.KeyOf(limit.InForce, request.Group);
        var answer = PermitDesk.Acquire(request, limit.InForce, session.ChangedStateOf(limit.Id, key), session.NextPermit, session.Time);
        foreach (var permit in answer.Permits.Where(static permit => permit.Id != 0))
        {
            session.Hold(permit.Id, limit.Id, key, permit.Cost, node!.Value, request.Attempt);
        }
        if (limit.InForce.IsConcurrent && answer.Permits.Count > 0 && request.Attempt is { } attempt)
        {
            session.MarkHolding(node!.Value, attempt);
        }
        return answer;
    }

    private static void Release(Session session, IReadOnlyList<Permit> permits)
    {
        foreach (var permit in permits)
        {
            if (permit.Id != 0)
            {
                session.ReleaseHeld(session.Sql["held"].Add(permit.Id));
            }
            else if (session.Limit(permit.Limit) is { InForce.IsConcurrent: false } limit)
            {
                session.ChangedStateOf(limit.Id, PermitDesk.KeyOf(limit.InForce, permit.Group)).GiveBack(limit.InForce, permit.Cost, permit.At);
                session.Signal(StoreSignals.Work);
            }
        }
    }

    private static void Report(Session session, IReadOnlyList<LimitReport> reports)
    {
        foreach (var report in reports)
        {
            if (session.Limit(report.Limit) is { } limit)
            {
                Report(session, report, limit);
            }
        }
    }

    private static void Report(Session session, LimitReport report, LimitEntry limit)
    {
        var key = PermitDesk.KeyOf(limit.InForce, report.Group);
        var state = session.ChangedStateOf(limit.Id, key);
        var wasOpen = state.Breaker.IsOpen;
        PermitDesk.Report(report, limit.InForce, state, session.Time);
        if (wasOpen && state.ProbeAt is null)
        {
            session.WakeHeld(PermitDesk.BlockKeyOf(limit.Name, key));
        }
    }

    /// <summary>Groups and groups' own limits of which nothing is to be remembered.</summary>
    private static void ForgetIdle(Session session, Prunable found)
    {
        session.WriteGroups();
        var idle = new List<(long Id, long Queue)>();
        var row = session.Sql["idle_groups"].Add(session.Now).Add(found.Groups);
        while (row.Step())
        {
            idle.Add((row.Long(0), row.Long(1)));
        }
        idle.ForEach(group => session.ForgetGroup(group.Id, group.Queue));
        foreach (var (_, key, id) in found.LimitStates.Where(state => session.StateOf(state.Id, state.Key).IsIdle(session.KnownLimit(state.Limit).InForce, session.Time)))
        {
            session.Sql["forget_limit_state"].Add(id).Add(key).Run();
        }
    }
}
