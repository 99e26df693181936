using System.Collections.Concurrent;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

public sealed partial class PostgreSqlJobStore
{
    // Claims and reconciliations of a node all come through the store that holds its lock, so their order is known here.
    private readonly Dictionary<long, (long Last, long Reconciled)> sequences = [];

    // Nodes whose last claim found nothing: how many signals there had been before, when it was asked, and in how long what was known to come comes due.
    private readonly ConcurrentDictionary<long, (long Told, long Began, TimeSpan? DueIn)> quiet = [];

    /// <inheritdoc />
    public async ValueTask<ClaimResult> ClaimAsync(ClaimRequest request, CancellationToken cancellationToken = default)
    {
        var (node, told, began) = (request.Node.Value, signals.Told, clock.Watch.GetTimestamp());
        var nothing = IsQuiet(request, told) ? await AskForWorkAsync(request, cancellationToken) : null;
        var result = nothing ?? await ClaimInTurnAsync(request, cancellationToken);
        if (result is { Jobs.Count: 0, More: false, DrainForSolo: false })
        {
            quiet[node] = (told, began, result.NextDue - result.Now);
        }
        else
        {
            quiet.TryRemove(node, out _);
        }
        return result;
    }

    /// <summary>The last claim of the node found nothing, nobody said since then that this may have changed, and nothing has come due that was known.</summary>
    private bool IsQuiet(ClaimRequest request, long told) =>
        request.StoreAwaySince is null && quiet.TryGetValue(request.Node.Value, out var last) && last.Told == told && !(clock.Watch.GetElapsedTime(last.Began) >= last.DueIn);

    /// <summary>Looks for work behind the signals without taking the turn: nearly always there is none.</summary>
    /// <returns>What a claim would be answered that finds nothing and writes nothing; null when it may do either.</returns>
    private async ValueTask<ClaimResult?> AskForWorkAsync(ClaimRequest request, CancellationToken cancellationToken)
    {
        var queues = new long[request.Queues.Count];
        for (var at = 0; at < queues.Length; at++)
        {
            if (!names.TryQueue(request.Queues[at].Queue, out queues[at]))
            {
                return null;
            }
        }
        Statement? look = null;
        return await Writer.AskAsync(
            sql => (look = sql["may_claim"].Add(clock.Given).Add(queues).Add(arrivals.Value)).Step() ? look.Time(0) : null,
            session => Nothing(session, look!), cancellationToken);
    }

    private ClaimResult? Nothing(Session session, Statement look)
    {
        if (look.Long(2) != 0 || look.Long(3) != 0)
        {
            return null;
        }
        arrivals.Value = look.Long(4);
        return new() { Jobs = [], Now = session.Time, NextDue = look.MaybeTime(1) };
    }

    private ValueTask<ClaimResult> ClaimInTurnAsync(ClaimRequest request, CancellationToken cancellationToken)
    {
        ClaimQuestions? asked = null;
        return WriteAsync(
            session => Claim(session, request, Interlocked.Exchange(ref asked, null) ?? ClaimQuestions.Ask(session, request, definitions)),
            cancellationToken, request.Slots,
            (sql, _) => asked = ClaimQuestions.Ahead(sql, request, names, definitions));
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
