using Fairlead.Limits;
using Fairlead.Policies;
using Fairlead.Storage.InMemory;

namespace Fairlead.Storage;

// What operators see and change of limits, groups and breakers.
public sealed partial class InMemoryJobStore
{
    /// <inheritdoc />
    public ValueTask<IReadOnlyList<LimitInfo>> ListLimitsAsync(CancellationToken cancellationToken = default) =>
        CommitAsync<IReadOnlyList<LimitInfo>>(now => [.. _limits.Values.SelectMany(row => Infos(row, now))], cancellationToken);

    /// <inheritdoc />
    public ValueTask<bool> ChangeLimitAsync(string name, Limit? limit, CancellationToken cancellationToken = default) =>
        CommitAsync(now => ChangeLimit(name, limit, now), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<GroupInfo>> ListGroupsAsync(string queue, int limit = 100, CancellationToken cancellationToken = default) =>
        CommitAsync<IReadOnlyList<GroupInfo>>(now => _queues.TryGetValue(queue, out var row) ? [.. Groups(row, now).Take(limit)] : [], cancellationToken);

    /// <inheritdoc />
    public ValueTask PauseGroupAsync(string queue, string group, bool paused, CancellationToken cancellationToken = default) =>
        CommitAsync(now => PauseGroup(QueueNamed(queue).GroupNamed(group), paused, now), cancellationToken);

    /// <inheritdoc />
    public ValueTask<IReadOnlyList<BreakerInfo>> ListBreakersAsync(CancellationToken cancellationToken = default) =>
        CommitAsync<IReadOnlyList<BreakerInfo>>(_ => [.. Breakers().OrderBy(static b => b.Key, StringComparer.Ordinal)], cancellationToken);

    /// <inheritdoc />
    public ValueTask<bool> OpenBreakerAsync(string key, TimeSpan? time, CancellationToken cancellationToken = default) =>
        CommitAsync(now => SetBreaker(key, make: true, state => state.OpenedByHand(now, time), now), cancellationToken);

    /// <inheritdoc />
    public ValueTask<bool> CloseBreakerAsync(string key, CancellationToken cancellationToken = default) =>
        CommitAsync(now => SetBreaker(key, make: false, static _ => default, now), cancellationToken);

    private static IEnumerable<LimitInfo> Infos(LimitRow row, DateTimeOffset now)
    {
        if (!row.InForce.PerGroup)
        {
            return [PermitDesk.Info(row.Name, null, row.Declared, row.InForce, row.StateOf(""), now)];
        }
        return row.States.OrderByDescending(static state => state.Value.UsedAt).Take(ListedStates)
            .Select(state => PermitDesk.Info(row.Name, state.Key, row.Declared, row.InForce, state.Value, now))
            .Prepend(PermitDesk.Info(row.Name, null, row.Declared, row.InForce, new LimitState(), now));
    }

    private bool ChangeLimit(string name, Limit? limit, DateTimeOffset now)
    {
        if (FindLimit(name) is not { } row)
        {
            return false;
        }
        if (limit is not null && PermitDesk.Problem(name, row.Declared, limit) is { } problem)
        {
            throw new ArgumentException(problem, nameof(limit));
        }
        var before = row.InForce;
        row.Change = limit;
        foreach (var state in row.States.Values)
        {
            state.Changed(before, row.InForce, now);
        }
        WakeHeld(null, now);
        Signal(StoreSignals.Control);
        return true;
    }

    private static IEnumerable<GroupInfo> Groups(QueueRow queue, DateTimeOffset now) => queue.Groups.Values.Append(queue.Ungrouped)
        .Where(static group => group.Name is not null || group.Ready > 0 || group.State.InFlight > 0)
        .OrderBy(static group => group.Ready == 0).ThenBy(static group => group.State.Tag).ThenBy(static group => group.Number)
        .Select(group => new GroupInfo
        {
            Queue = queue.Name,
            Group = group.Name,
            Weight = group.Weight,
            Ready = group.Ready,
            InFlight = group.State.InFlight,
            Lag = group.State.Tag - queue.Clock,
            ServedSeconds = group.State.Served,
            Slow = group.State.Slow,
            Paused = group.State.Paused,
            Blocked = group.Ready > 0 ? group.State.Blocked(queue.InForce, queue.Name, group.Name, now) : null,
        });

    private void PauseGroup(GroupRow group, bool paused, DateTimeOffset now)
    {
        group.State.Paused = paused;
        Reconsider(group, now);
        Signal(paused ? StoreSignals.Control : StoreSignals.Control | StoreSignals.Work);
    }

    private IEnumerable<BreakerInfo> Breakers()
    {
        foreach (var queue in _queueOrder)
        {
            if (queue.Outage.IsOpen)
            {
                yield return Info(queue.Name, queue.Outage, queue.Ready);
            }
            foreach (var group in queue.Groups.Values.Where(static group => group.State.Breaker.IsOpen || group.State.Breaker.Failures > 0))
            {
                yield return Info(GroupState.KeyOf(queue.Name, group.Name!), group.State.Breaker, group.Ready);
            }
        }
        foreach (var row in _limits.Values)
        {
            foreach (var (key, state) in row.States.Where(static state => state.Value.Breaker.IsOpen || state.Value.Breaker.Failures > 0))
            {
                yield return Info(PermitDesk.BlockKeyOf(row.Name, key), state.Breaker, 0);
            }
        }
    }

    private static BreakerInfo Info(string key, BreakerState state, long waiting) => new(key, state.IsOpen, state.OpenUntil, state.Failures, waiting);

    private bool SetBreaker(string key, bool make, Func<BreakerState, BreakerState> change, DateTimeOffset now)
    {
        Signal(StoreSignals.Control | StoreSignals.Work);
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        if (FindLimit(slash < 0 ? key : key[..slash]) is { } limit && limit.InForce.PerGroup == slash >= 0)
        {
            var state = limit.StateOf(slash < 0 ? "" : key[(slash + 1)..]);
            (state.Breaker, state.ProbeAt) = (change(state.Breaker), null);
            WakeHeld(key, now);
            return true;
        }
        if (_queues.TryGetValue(key, out var whole))
        {
            whole.Outage = change(whole.Outage);
            whole.Blocks.Set(Diagnostics.WaitCause.Breaker, whole.Name, whole.Outage.OpenUntil > now && whole.Ready > 0, now);
            return true;
        }
        foreach (var queue in _queueOrder.Where(queue => key.StartsWith(queue.Name + "/", StringComparison.Ordinal)))
        {
            var name = key[(queue.Name.Length + 1)..];
            if (make || queue.Groups.ContainsKey(name))
            {
                var group = queue.GroupNamed(name);
                group.State.Breaker = change(group.State.Breaker);
                Reconsider(group, now);
                return true;
            }
        }
        return false;
    }
}
