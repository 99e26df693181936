using Fairlead.Storage;

namespace Fairlead.PostgreSql;

public sealed partial class PostgreSqlJobStore
{
    // Claims and reconciliations of a node all come through the store that holds its lock, so their order is known here.
    private readonly Dictionary<long, (long Last, long Reconciled)> sequences = [];

    /// <inheritdoc />
    public ValueTask<ClaimResult> ClaimAsync(ClaimRequest request, CancellationToken cancellationToken = default)
    {
        ClaimQuestions? asked = null;
        return WriteAsync(
            session => Claim(session, request, Interlocked.Exchange(ref asked, null) ?? ClaimQuestions.Ask(session, request, definitions)),
            cancellationToken, request.Slots,
            sql => asked = ClaimQuestions.Ahead(sql, request, names, definitions));
    }

    /// <inheritdoc />
    public ValueTask<int> ReconcileAsync(NodeId node, long sequence, IReadOnlyCollection<AttemptKey> held, CancellationToken cancellationToken = default) =>
        WriteAsync(session => Reconcile(session, node.Value, sequence, held), cancellationToken);

    private ClaimResult Claim(Session session, ClaimRequest request, ClaimQuestions questions)
    {
        var seen = sequences.GetValueOrDefault(request.Node.Value);
        if (!HoldsLease(session, questions.Node) || request.Sequence < seen.Reconciled)
        {
            return new() { Jobs = [], Now = session.Time };
        }
        sequences[request.Node.Value] = (Math.Max(seen.Last, request.Sequence), seen.Reconciled);
        questions.Read(session);
        return new Claim(session, request, questions).Run();
    }

    private static bool HoldsLease(Session session, long node) => HoldsLease(session, session.Sql["node_for_claim"].Add(node));

    private static bool HoldsLease(Session session, Statement row) => row.Step() && row.IsNull(2) && session.Now - row.Long(0) < row.Long(1);

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
