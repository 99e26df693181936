namespace Fairlead.Policies;

/// <summary>
/// The exact window: what was granted lately, so that grant i comes at least a window after grant i − n, which is the same as at most n in
/// any window. Up to 1,000 moments are told apart; of larger limits, neighbours within a thousandth of the window count as the latest of
/// them, so that the bound stays exact and at most a thousandth of the rate is left unused.
/// </summary>
internal sealed class GrantRing
{
    private const int Moments = 1000;
    private readonly List<(long At, long Count)> _grants = [];
    private int _first;
    private long _total;

    /// <summary>How much of the window is taken at <paramref name="now" />, what is reserved ahead included.</summary>
    public long Taken(in RatePlan plan, long now)
    {
        Forget(now - plan.Window);
        return _total;
    }

    /// <summary>The earliest moment, not before <paramref name="from" />, at which <paramref name="cost" /> more fit into every window.</summary>
    public long Earliest(in RatePlan plan, long cost, long from, long now)
    {
        Forget(now - plan.Window);
        if (_first < _grants.Count && _grants[^1].At > from)
        {
            // In the order of the grants: what is reserved ahead is not overtaken.
            from = _grants[^1].At;
        }
        var excess = _total + Math.Min(cost, plan.Permits) - plan.Permits;
        for (var i = _first; excess > 0 && i < _grants.Count; i++)
        {
            excess -= _grants[i].Count;
            from = Math.Max(from, _grants[i].At + plan.Window);
        }
        return from;
    }

    /// <summary>Notes a grant; its moment is not before the last one's.</summary>
    public void Add(in RatePlan plan, long cost, long at)
    {
        cost = Math.Min(cost, plan.Permits);
        var grain = plan.Permits > Moments ? Math.Max(1, plan.Window / Moments) : 1;
        _total += cost;
        if (_first < _grants.Count && _grants[^1].At / grain == at / grain)
        {
            _grants[^1] = (at, _grants[^1].Count + cost);
            return;
        }
        _grants.Add((at, cost));
    }

    /// <summary>Takes a grant of exactly that moment out again.</summary>
    public bool Remove(long cost, long at)
    {
        var found = _grants.FindLastIndex(grant => grant.At == at);
        if (found < _first || found < 0 || _grants[found].Count < cost)
        {
            return false;
        }
        _total -= cost;
        _grants[found] = (at, _grants[found].Count - cost);
        if (_grants[found].Count == 0)
        {
            _grants.RemoveAt(found);
        }
        return true;
    }

    public void Write(BinaryWriter to)
    {
        to.Write(_grants.Count - _first);
        for (var i = _first; i < _grants.Count; i++)
        {
            to.Write(_grants[i].At);
            to.Write(_grants[i].Count);
        }
    }

    public static GrantRing Read(BinaryReader from)
    {
        var ring = new GrantRing();
        for (var count = from.ReadInt32(); count > 0; count--)
        {
            var grant = (At: from.ReadInt64(), Count: from.ReadInt64());
            ring._grants.Add(grant);
            ring._total += grant.Count;
        }
        return ring;
    }

    /// <summary>What is a window old is over: windows are half open.</summary>
    private void Forget(long upTo)
    {
        for (; _first < _grants.Count && _grants[_first].At <= upTo; _first++)
        {
            _total -= _grants[_first].Count;
        }
        if (_first > 64 && _first * 2 > _grants.Count)
        {
            _grants.RemoveRange(0, _first);
            _first = 0;
        }
    }
}
