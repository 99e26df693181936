using Fairlead.Limits;
using Fairlead.Policies;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

// What operators see and change of limits, groups and breakers.
public sealed partial class PostgreSqlJobStore
{
    private const int ListedStates = 100;

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<LimitInfo>> ListLimitsAsync(CancellationToken cancellationToken = default) =>
        ReadAsync<IReadOnlyList<LimitInfo>>(sql => new FlowReader(sql, clock.Time(sql)).Limits(ListedStates), cancellationToken);

    /// <inheritdoc />
    public ValueTask<bool> ChangeLimitAsync(string name, Limit? limit, CancellationToken cancellationToken = default) =>
        WriteAsync(session => ChangeLimit(session, name, limit), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<GroupInfo>> ListGroupsAsync(string queue, int limit = 100, CancellationToken cancellationToken = default) =>
        ReadAsync<IReadOnlyList<GroupInfo>>(sql => new FlowReader(sql, clock.Time(sql)).Groups(queue, limit), cancellationToken);

    /// <inheritdoc />
    public ValueTask PauseGroupAsync(string queue, string group, bool paused, CancellationToken cancellationToken = default) =>
        WriteAsync(session => PauseGroup(session, queue, group, paused), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BreakerInfo>> ListBreakersAsync(CancellationToken cancellationToken = default) =>
        ReadAsync<IReadOnlyList<BreakerInfo>>(sql => new FlowReader(sql, clock.Time(sql)).Breakers(), cancellationToken);

    /// <inheritdoc />
    public ValueTask<bool> OpenBreakerAsync(string key, TimeSpan? time, CancellationToken cancellationToken = default) =>
        WriteAsync(session => SetBreaker(session, key, make: true, state => state.OpenedByHand(session.Time, time)), cancellationToken);

    /// <inheritdoc />
    public ValueTask<bool> CloseBreakerAsync(string key, CancellationToken cancellationToken = default) =>
        WriteAsync(session => SetBreaker(session, key, make: false, static _ => default), cancellationToken);

    private static bool ChangeLimit(Session session, string name, Limit? wanted)
    {
        if (session.Limit(name) is not { } limit)
        {
            return false;
        }
        if (wanted is not null && PermitDesk.Problem(name, limit.Declared, wanted) is { } problem)
        {
            throw new ArgumentException(problem, nameof(wanted));
        }
        session.Sql["change_limit"].Add(limit.Id).Add(wanted is null ? null : LimitEntry.Write(wanted)).Run();
        session.ForgetLimit(name);
        foreach (var key in session.LimitKeys(limit.Id))
        {
            session.ChangedStateOf(limit.Id, key).Changed(limit.InForce, wanted ?? limit.Declared, session.Time);
        }
        session.WakeHeld(null);
        session.Signal(StoreSignals.Control);
        return true;
    }

    private static void PauseGroup(Session session, string queue, string name, bool paused)
    {
        var group = session.Group(session.Queue(queue), name);
        group.State.Paused = paused;
        session.Reconsider(group);
        session.Signal(paused ? StoreSignals.Control : StoreSignals.Control | StoreSignals.Work);
    }

    private static bool SetBreaker(Session session, string key, bool make, Func<BreakerState, BreakerState> change)
    {
        session.Signal(StoreSignals.Control | StoreSignals.Work);
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        if (session.Limit(slash < 0 ? key : key[..slash]) is { } limit && limit.InForce.PerGroup == slash >= 0)
        {
            var state = session.ChangedStateOf(limit.Id, slash < 0 ? "" : key[(slash + 1)..]);
            (state.Breaker, state.ProbeAt) = (change(state.Breaker), null);
            session.WakeHeld(key);
            return true;
        }
        return session.TryQueue(key, out var queue) ? SetOutage(session, queue, change) : SetGroupBreaker(session, key, make, change);
    }

    private static bool SetOutage(Session session, long queue, Func<BreakerState, BreakerState> change)
    {
        var facts = session.Facts(queue);
        (facts.Outage, facts.FairChanged) = (change(facts.Outage), true);
        new OpenBlocks(session, queue, session.QueueName(queue)).Set(Diagnostics.WaitCause.Breaker, session.QueueName(queue), facts.Outage.OpenUntil > session.Time && session.Tally(-queue).Queued > 0);
        return true;
    }

    private static bool SetGroupBreaker(Session session, string key, bool make, Func<BreakerState, BreakerState> change)
    {
        for (var at = key.IndexOf('/', StringComparison.Ordinal); at > 0 && at + 1 < key.Length; at = key.IndexOf('/', at + 1))
        {
            if (session.TryQueue(key[..at], out var queue) && (make || session.HasGroup(queue, key[(at + 1)..])))
            {
                var group = session.Group(queue, key[(at + 1)..]);
                group.State.Breaker = change(group.State.Breaker);
                session.Reconsider(group);
                return true;
            }
        }
        return false;
    }
}
