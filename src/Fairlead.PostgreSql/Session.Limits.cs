using Fairlead.Policies;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>Limits and their state: read once an operation, written at its end if anything changed.</summary>
internal sealed partial class Session
{
    private readonly Dictionary<string, LimitEntry?> limits = new(StringComparer.Ordinal);
    private readonly Dictionary<(long Limit, string Key), (LimitState State, bool Changed)> limitStates = [];
    private readonly Dictionary<AttemptKey, List<HeldPermit>> heldBy = [];

    /// <summary>The limit of that name; null when nobody has declared one.</summary>
    public LimitEntry? Limit(string name)
    {
        if (!limits.TryGetValue(name, out var entry))
        {
            var row = statements["find_limit"].Add(name);
            entry = row.Step() ? LimitEntry.Read(row, name) : null;
            limits.Add(name, entry);
        }
        return entry;
    }

    /// <summary>The limit of that name.</summary>
    /// <exception cref="ArgumentException">Nobody has declared one.</exception>
    public LimitEntry KnownLimit(string name) => Limit(name) ?? throw new ArgumentException(PermitDesk.Unknown(name, LimitNames()));

    /// <summary>A limit's state, to be looked at.</summary>
    public LimitState StateOf(long limit, string key)
    {
        if (!limitStates.TryGetValue((limit, key), out var known))
        {
            var row = statements["limit_state"].Add(limit).Add(key);
            known = (row.Step() ? LimitState.FromBytes(row.Blob(0)) : new LimitState(), false);
            limitStates.Add((limit, key), known);
        }
        return known.State;
    }

    /// <summary>A limit's state, to be changed.</summary>
    public LimitState ChangedStateOf(long limit, string key)
    {
        var state = StateOf(limit, key);
        limitStates[(limit, key)] = (state, true);
        return state;
    }

    /// <summary>The names of all limits.</summary>
    public List<string> LimitNames()
    {
        var found = new List<string>();
        var row = statements["limits"];
        while (row.Step())
        {
            found.Add(row.Text(3));
        }
        return found;
    }

    /// <summary>The keys under which a limit keeps states.</summary>
    public List<string> LimitKeys(long limit)
    {
        var keys = new List<string>();
        var row = statements["limit_keys"].Add(limit);
        while (row.Step())
        {
            keys.Add(row.Text(0));
        }
        return keys;
    }

    /// <summary>What is known of a limit was changed in this transaction.</summary>
    public void ForgetLimit(string name) => limits.Remove(name);

    /// <summary>Permits of a number at once are in somebody's hands from now on.</summary>
    public void Hold(long id, long limit, string key, long cost, NodeId node, AttemptKey? attempt) =>
        statements.Later("hold").Add(id).Add(limit).Add(key).Add(cost).Add(node.Value).Add(attempt?.Job.Value).Add(attempt?.Fence).End();

    /// <summary>A call has acquired for an attempt that runs already: its end has something to release.</summary>
    public void MarkHolding(NodeId node, AttemptKey attempt) =>
        statements["mark_holding"].Add(node.Value).Add(attempt.Job.Value).Add(attempt.Fence).Add((long)JobFlags.Holds).Run();

    /// <summary>Gives back what was held, as the rows say: limit, key, cost, id.</summary>
    public void ReleaseHeld(Statement row)
    {
        var held = new List<HeldPermit>();
        while (row.Step())
        {
            held.Add(new(row.Long(0), row.Text(1), row.Long(2), row.Long(3)));
        }
        held.ForEach(Release);
    }

    /// <summary>Takes what <c>held_by_jobs</c> answered for these attempts.</summary>
    public void LearnHeld(IEnumerable<AttemptKey> attempts, Statement row)
    {
        foreach (var attempt in attempts)
        {
            heldBy.TryAdd(attempt, []);
        }
        while (row.Step())
        {
            if (heldBy.TryGetValue(new(new(row.Long(4)), row.Long(5)), out var held))
            {
                held.Add(new(row.Long(0), row.Text(1), row.Long(2), row.Long(3)));
                limitStates.TryAdd((row.Long(0), row.Text(1)), (row.IsNull(6) ? new LimitState() : LimitState.FromBytes(row.Blob(6)), false));
            }
        }
    }

    /// <summary>Takes what <c>limits_named</c> answered for these names; those it has not are not declared.</summary>
    public void LearnLimits(IEnumerable<string> asked, Statement row)
    {
        while (row.Step())
        {
            limits.TryAdd(row.Text(3), LimitEntry.Read(row, row.Text(3)));
        }
        foreach (var name in asked)
        {
            limits.TryAdd(name, null);
        }
    }

    /// <summary>Takes what <c>states_of</c> answered for these keys of these limits; those it has not are new.</summary>
    public void LearnStates(IReadOnlyCollection<string> names, IReadOnlyCollection<string> keys, Statement row)
    {
        while (row.Step())
        {
            limitStates.TryAdd((row.Long(0), row.Text(1)), (LimitState.FromBytes(row.Blob(2)), false));
        }
        foreach (var limit in names.Select(Limit).OfType<LimitEntry>())
        {
            foreach (var key in keys)
            {
                limitStates.TryAdd((limit.Id, key), (new LimitState(), false));
            }
        }
    }

    private void Release(HeldPermit held)
    {
        ChangedStateOf(held.Limit, held.Key).InUse -= held.Cost;
        statements.Gone("release_held").Add(held.Id).End();
        Signal(StoreSignals.Work);
    }

    private void ReleaseHeldBy(in RunningJob job, in AttemptEnd end)
    {
        if (!job.Place.Flags.HasFlag(JobFlags.Holds) || end.Abandoned)
        {
            return;
        }
        if (job.Node != Store && heldBy.Remove(new(new(job.Place.Job), job.Place.Fence), out var known))
        {
            known.ForEach(Release);
            return;
        }
        ReleaseHeld(statements["held_by_attempt"].Add(job.Node).Add(job.Place.Job).Add(job.Place.Fence));
    }

    private void WriteLimits()
    {
        var rows = new Rows();
        foreach (var ((limit, key), (state, changed)) in limitStates)
        {
            if (changed)
            {
                rows.Add(limit).Add(key).Add(Moment.Of(state.UsedAt)).Add(state.Breaker.IsOpen ? 1 : 0).Add(state.ToBytes()).End();
                limitStates[(limit, key)] = (state, false);
            }
        }
        Run("write_limit_state", rows);
    }

    private void ForgetLimits()
    {
        limits.Clear();
        limitStates.Clear();
    }

    /// <summary>Permits of a number at once in an attempt's hands.</summary>
    private readonly record struct HeldPermit(long Limit, string Key, long Cost, long Id);
}
