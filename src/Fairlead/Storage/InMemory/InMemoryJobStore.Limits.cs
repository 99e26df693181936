using Fairlead.Policies;
using Fairlead.Storage.InMemory;

namespace Fairlead.Storage;

public sealed partial class InMemoryJobStore
{
    private const int ListedStates = 100;
    private readonly SortedDictionary<string, LimitRow> _limits = new(StringComparer.Ordinal);
    private long _lastPermit;

    /// <inheritdoc />
    public ValueTask DeclareLimitsAsync(IReadOnlyList<NamedLimit> limits, CancellationToken cancellationToken = default) => CommitAsync(
        now =>
        {
            foreach (var limit in limits)
            {
                RequireAgreement(limit, null, now);
            }
            Declare(limits, now);
        },
        cancellationToken);

    /// <inheritdoc />
    public ValueTask<PermitAnswer> AcquireAsync(PermitRequest request, CancellationToken cancellationToken = default) =>
        CommitAsync(now => Acquire(request, now), cancellationToken);

    /// <inheritdoc />
    public ValueTask ReleaseAsync(IReadOnlyList<Permit> permits, CancellationToken cancellationToken = default) =>
        CommitAsync(_ => Release(permits), cancellationToken);

    /// <inheritdoc />
    public ValueTask ReportAsync(IReadOnlyList<LimitReport> reports, CancellationToken cancellationToken = default) =>
        CommitAsync(now => Report(reports, now), cancellationToken);

    private LimitRow? FindLimit(string name) => _limits.GetValueOrDefault(name);

    private LimitRow KnownLimit(string name) => FindLimit(name) ?? throw new ArgumentException(PermitDesk.Unknown(name, _limits.Keys));

    private void RequireAgreement(NamedLimit wanted, NodeRow? itself, DateTimeOffset now)
    {
        if (wanted.Limit.Problems(wanted.Name).FirstOrDefault() is { } problem)
        {
            throw new ArgumentException(problem);
        }
        if (FindLimit(wanted.Name) is not { } known || known.Declared == wanted.Limit)
        {
            return;
        }
        foreach (var node in _nodes.Values)
        {
            if (node != itself && node.HoldsLease(now) && node.Registration.Limits.Any(l => l.Name == wanted.Name))
            {
                throw new StoreMismatchException(
                    $"Limit '{wanted.Name}' is held by node '{node.Registration.Name}' as {known.Declared}, but {wanted.Limit} is declared now. Stop that node first, or declare the same.");
            }
        }
    }

    private void RequireLimits(QueueDefinition queue, IReadOnlyList<NamedLimit> declared)
    {
        foreach (var use in queue.Limits)
        {
            if (FindLimit(use.Name) is null && !declared.Any(limit => limit.Name == use.Name))
            {
                throw new ArgumentException($"Queue '{queue.Name}' uses a limit: {PermitDesk.Unknown(use.Name, _limits.Keys.Concat(declared.Select(static l => l.Name)))}");
            }
        }
    }

    private void Declare(IReadOnlyList<NamedLimit> limits, DateTimeOffset now)
    {
        foreach (var (name, limit) in limits)
        {
            if (FindLimit(name) is not { } known)
            {
                _limits.Add(name, new(name, limit));
            }
            else if (known.Declared != limit)
            {
                Redeclare(known, limit, now);
            }
        }
    }

    private void Redeclare(LimitRow row, Limit limit, DateTimeOffset now)
    {
        var before = row.InForce;
        row.Declared = limit;
        foreach (var state in row.States.Values.Where(_ => row.InForce != before))
        {
            state.Redefined(before, row.InForce, now);
        }
        WakeHeld(null, now);
        Signal(StoreSignals.Work);
    }

    private PermitAnswer Acquire(PermitRequest request, DateTimeOffset now)
    {
        var row = KnownLimit(request.Limit);
        var node = request.Node is { } id ? Member(id) : null;
        if (row.InForce.IsConcurrent && node is null)
        {
            throw new ArgumentException($"Limit '{row.Name}' is a number at once: its permits are held by a node, and go back when it ends. Acquire them where workers run (RunWorkers).");
        }
        var state = row.StateOf(PermitDesk.KeyOf(row.InForce, request.Group));
        var answer = PermitDesk.Acquire(request, row.InForce, state, () => ++_lastPermit, now);
        if (row.InForce.IsConcurrent)
        {
            node!.Held.AddRange(answer.Permits.Select(permit => new HeldPermit(row, state, permit.Cost, permit.Id, request.Attempt)));
        }
        return answer;
    }

    private void Release(IReadOnlyList<Permit> permits)
    {
        foreach (var permit in permits)
        {
            if (permit.Id != 0)
            {
                foreach (var node in _nodes.Values)
                {
                    ReleaseHeld(node, held => held.Id == permit.Id);
                }
            }
            else if (FindLimit(permit.Limit) is { InForce.IsConcurrent: false } row)
            {
                row.StateOf(PermitDesk.KeyOf(row.InForce, permit.Group)).GiveBack(row.InForce, permit.Cost, permit.At);
                Signal(StoreSignals.Work);
            }
        }
    }

    private void ReleaseHeld(NodeRow node, Predicate<HeldPermit> which)
    {
        if (node.Held.Count > 0)
        {
            Release(node.Held.FindAll(which));
            node.Held.RemoveAll(which);
        }
    }

    private void Release(List<HeldPermit>? held)
    {
        foreach (var permit in held ?? [])
        {
            permit.State.InUse -= permit.Cost;
            Signal(StoreSignals.Work);
        }
    }

    private void Report(IReadOnlyList<LimitReport> reports, DateTimeOffset now)
    {
        foreach (var report in reports)
        {
            if (FindLimit(report.Limit) is { } row)
            {
                var key = PermitDesk.KeyOf(row.InForce, report.Group);
                var state = row.StateOf(key);
                var wasOpen = state.Breaker.IsOpen;
                PermitDesk.Report(report, row.InForce, state, now);
                if (wasOpen && state.ProbeAt is null)
                {
                    WakeHeld(PermitDesk.BlockKeyOf(row.Name, key), now);
                }
            }
        }
    }

    private void ForgetIdleLimits(DateTimeOffset now)
    {
        foreach (var row in _limits.Values.Where(static row => row.InForce.PerGroup))
        {
            foreach (var (key, _) in row.States.Where(state => state.Value.IsIdle(row.InForce, now)).ToList())
            {
                row.States.Remove(key);
            }
        }
    }
}
