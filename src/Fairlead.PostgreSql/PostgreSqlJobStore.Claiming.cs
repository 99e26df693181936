using Fairlead.Storage;

namespace Fairlead.PostgreSql;

public sealed partial class PostgreSqlJobStore
{
    // Claims and reconciliations of a node all come through the store that holds its lock, so their order is known here.
    private readonly Dictionary<long, (long Last, long Reconciled)> sequences = [];

    /// <inheritdoc />
    public ValueTask<ClaimResult> ClaimAsync(ClaimRequest request, CancellationToken cancellationToken = default) =>
        WriteAsync(session => Claim(session, request), cancellationToken, request.Slots);

    /// <inheritdoc />
    public ValueTask<int> ReconcileAsync(NodeId node, long sequence, IReadOnlyCollection<AttemptKey> held, CancellationToken cancellationToken = default) =>
        WriteAsync(session => Reconcile(session, node.Value, sequence, held), cancellationToken);

    private ClaimResult Claim(Session session, ClaimRequest request)
    {
        var seen = sequences.GetValueOrDefault(request.Node.Value);
        if (!HoldsLease(session, request.Node.Value) || request.Sequence < seen.Reconciled)
        {
            return new() { Jobs = [], Now = session.Time };
        }
        sequences[request.Node.Value] = (Math.Max(seen.Last, request.Sequence), seen.Reconciled);
        return new Claim(session, request).Run();
    }

    private static bool HoldsLease(Session session, long node)
    {
        var row = session.Sql["node_for_claim"].Add(node);
        var holds = row.Step() && row.IsNull(2) && session.Now - row.Long(0) < row.Long(1);
        return holds;
    }

    private int Reconcile(Session session, long node, long sequence, IReadOnlyCollection<AttemptKey> held)
    {
        if (!IsMember(session, node) || sequence < sequences.GetValueOrDefault(node).Last)
        {
            return 0;
        }
        sequences[node] = (sequence, sequence);
        var keep = held.ToHashSet();
        var given = session.RunningOn(node).FindAll(job => !keep.Contains(new(new(job.Place.Job), job.Place.Fence)));
        foreach (var job in given)
        {
            session.TakeBack(job, AttemptOutcome.HandedBack, Session.GivenBack(job));
        }
        return given.Count;
    }
}
