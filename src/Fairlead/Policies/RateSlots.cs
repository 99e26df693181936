namespace Fairlead.Policies;

/// <summary>
/// The permits of one rate as slots of time. Smooth limits and buckets go by GCRA (ITU-T I.371, virtual scheduling): one number, the
/// moment from which the next permit is free. A smooth limit forgives up to 50 ms of lateness, so that its grid is kept although nobody
/// wakes exactly in time, and an exact ring beside it sees to it that no window holds more for that. <see cref="LimitShape.Window" /> goes
/// by the ring alone. All times are ticks of 100 ns, by the store's clock.
/// </summary>
internal sealed class RateSlots
{
    /// <summary>How long after its slot a permit may be used; then it goes back.</summary>
    public static readonly TimeSpan Late = TimeSpan.FromMilliseconds(50);

    private const int MostFree = 64;
    private const int MostKept = 64;

    private readonly List<long> _free = [];
    private readonly List<(long At, long Cost)> _kept = [];
    private GrantRing _ring = new();
    private long _next;
    private long _last;
    private bool _jobsTurn;

    /// <summary>The moment from which the next permit is free, apart from the ring.</summary>
    public long Next => _next;

    /// <summary>
    /// The earliest moment at which a permit of that cost may be used by somebody who can wait for it. A cost that the limit can never hold
    /// at once is let in when the limit is untouched, and paid off afterwards.
    /// </summary>
    public long Earliest(in RatePlan plan, long cost, long now)
    {
        var at = InLine(plan, cost, now);
        return FirstFree(cost, now, now) is { } free && free < at ? free : at;
    }

    /// <summary>The same for a job that waits to be claimed: a slot may have been kept for it, and it may come a little late for one.</summary>
    public long EarliestForJob(in RatePlan plan, long cost, long now)
    {
        var at = Math.Min(InLine(plan, cost, now), Math.Max(now, FirstFree(cost, now - Late.Ticks, now) ?? long.MaxValue));
        return KeptFor(cost, now) is >= 0 and var kept ? Math.Min(at, Math.Max(now, _kept[kept].At)) : at;
    }

    /// <summary>Uses a permit at <paramref name="at" />, which is not before its earliest moment.</summary>
    public void Take(in RatePlan plan, long cost, long at)
    {
        if (cost == 1 && _free.Remove(at))
        {
            return;
        }
        if (plan.Shape == LimitShape.Smooth)
        {
            _next = (plan.IsSmooth ? OnGrid(at) : Math.Max(_next, at)) + (cost * plan.Spacing);
        }
        _last = Math.Max(_last, at);
        _jobsTurn = true;
        if (plan.HasRing)
        {
            AddToRing(plan, cost, at);
        }
    }

    /// <summary>The same for a job that was claimed: the slot that was kept for it is used, if there is one.</summary>
    public void TakeForJob(in RatePlan plan, long cost, long at)
    {
        // The place in line of what was kept or given back is taken already.
        if (KeptFor(cost, at) is >= 0 and var kept && _kept[kept].At <= at)
        {
            _kept.RemoveAt(kept);
        }
        else if (FirstFree(cost, at - Late.Ticks, at) is { } free && free <= at)
        {
            _free.Remove(free);
        }
        else
        {
            Take(plan, cost, at);
        }
    }

    /// <summary>
    /// Keeps every other slot for jobs that wait for one: those who reserve ahead (calls inside handlers) would leave no slot that is free
    /// at the moment of a claim.
    /// </summary>
    public void KeepForJobs(in RatePlan plan, long cost, long now)
    {
        var at = InLine(plan, cost, now);
        if (_jobsTurn && at > now && _kept.Count < MostKept)
        {
            Take(plan, cost, at);
            _kept.Add((at, cost));
            _jobsTurn = false;
        }
    }

    /// <summary>No job waits any more: what was kept for them is anybody's.</summary>
    public void FreeKept()
    {
        _free.AddRange(_kept.Where(static kept => kept.Cost == 1).Select(static kept => kept.At).Take(MostFree - _free.Count));
        _kept.Clear();
    }

    /// <summary>A permit that was to be used at <paramref name="at" /> was not: its slot is free again.</summary>
    /// <returns>False when it is lost.</returns>
    public bool GiveBack(in RatePlan plan, long cost, long at)
    {
        if (plan.Shape == LimitShape.Window)
        {
            return _ring.Remove(cost, at);
        }
        // What was given after it has its own place in line: only the last one can leave the line shorter.
        if (plan.Debt || (plan.IsSmooth ? _next == at + (cost * plan.Spacing) : at >= _last))
        {
            _next -= cost * plan.Spacing;
            return !plan.HasRing || _ring.Remove(cost, at);
        }
        if (cost > 1 || _free.Count == MostFree)
        {
            return false;
        }
        _free.Add(at);
        return true;
    }

    /// <summary>What was charged is corrected: more, or (negative) less.</summary>
    public void Charge(in RatePlan plan, long cost, long now)
    {
        if (plan.Shape == LimitShape.Smooth)
        {
            _next = Math.Max(_next, now) + (cost * plan.Spacing);
        }
        else if (cost > 0)
        {
            AddToRing(plan, cost, _ring.Earliest(plan, 0, now, now));
        }
    }

    /// <summary>Nothing is left until <paramref name="until" />: the bucket is empty then.</summary>
    public void Drain(in RatePlan plan, long until) => _next = Math.Max(_next, until + ((plan.Burst - 1) * plan.Spacing));

    /// <summary>The upstream says that only so many are left: fewer than we believe counts, more does not.</summary>
    public void LeaveAtMost(in RatePlan plan, long remaining, long now)
    {
        if (plan.Shape == LimitShape.Window)
        {
            if (Available(plan, now) - remaining is > 0 and var used)
            {
                _ring.Add(plan, used, _ring.Earliest(plan, 0, now, now));
            }
            return;
        }
        _next = Math.Max(_next, now + ((plan.Burst - Math.Clamp(remaining, -1_000_000_000, plan.Burst)) * plan.Spacing));
    }

    /// <summary>Another rate from now on: as many permits as are used up stay used up, and come back in the time that these take now.</summary>
    public void Respace(in RatePlan before, in RatePlan after, long now)
    {
        if (_next > now)
        {
            _next = now + (long)Math.Ceiling((_next - now) * ((double)after.Spacing / before.Spacing));
        }
    }

    /// <summary>How many permits could be used at once now; below zero in debt.</summary>
    public long Available(in RatePlan plan, long now)
    {
        var ring = plan.HasRing ? Math.Max(0, plan.Permits - _ring.Taken(plan, now)) : long.MaxValue;
        if (plan.Shape == LimitShape.Window)
        {
            return ring;
        }
        var ahead = _next - now;
        var bucket = ahead <= 0 ? plan.Burst : plan.Burst - ((ahead + plan.Spacing - 1) / plan.Spacing);
        return Math.Min(plan.Debt ? bucket : Math.Max(0, bucket), ring);
    }

    public void Write(BinaryWriter to)
    {
        to.Write(_next);
        to.Write(_last);
        to.Write(_jobsTurn);
        to.Write((byte)_free.Count);
        _free.ForEach(to.Write);
        to.Write((byte)_kept.Count);
        foreach (var (at, cost) in _kept)
        {
            to.Write(at);
            to.Write(cost);
        }
        _ring.Write(to);
    }

    public static RateSlots Read(BinaryReader from)
    {
        var slots = new RateSlots { _next = from.ReadInt64(), _last = from.ReadInt64(), _jobsTurn = from.ReadBoolean() };
        for (var count = from.ReadByte(); count > 0; count--)
        {
            slots._free.Add(from.ReadInt64());
        }
        for (var count = from.ReadByte(); count > 0; count--)
        {
            slots._kept.Add((from.ReadInt64(), from.ReadInt64()));
        }
        slots._ring = GrantRing.Read(from);
        return slots;
    }

    private long InLine(in RatePlan plan, long cost, long now)
    {
        var at = now;
        if (plan.Shape == LimitShape.Smooth)
        {
            // In debt anything above zero lets in; otherwise the bucket must hold the cost, or be full where it never could.
            var room = plan.Debt ? (plan.Burst * plan.Spacing) - 1 : Math.Max(0, plan.Burst - cost) * plan.Spacing;
            at = Math.Max(at, _next - room);
        }
        return plan.HasRing ? _ring.Earliest(plan, cost, at, now) : at;
    }

    /// <summary>
    /// The slot of what is used at <paramref name="at" />: a little late it is the slot it missed (twice as late where the ring, which
    /// remembers the lateness of a window before, held it up as well); after an idle time a new grid begins, so that nothing was saved up.
    /// </summary>
    private long OnGrid(long at) => at - _next <= 2 * Late.Ticks ? Math.Max(_next, at - Late.Ticks) : at;

    /// <summary>What is paid off over several windows fills each of them.</summary>
    private void AddToRing(in RatePlan plan, long cost, long at)
    {
        _ring.Add(plan, cost, at);
        for (cost -= plan.Permits; plan.Shape == LimitShape.Window && cost > 0; cost -= plan.Permits)
        {
            at += plan.Window;
            _ring.Add(plan, cost, at);
        }
    }

    /// <summary>The first slot that was given back and whose moment is not before <paramref name="from" />.</summary>
    private long? FirstFree(long cost, long from, long now)
    {
        _free.RemoveAll(at => now - at > Late.Ticks);
        long? first = null;
        foreach (var at in _free)
        {
            first = cost == 1 && at >= from && !(first <= at) ? at : first;
        }
        return first;
    }

    /// <summary>The place of the first slot that was kept for jobs of at least that cost; −1 for none.</summary>
    private int KeptFor(long cost, long now)
    {
        _kept.RemoveAll(kept => now - kept.At > Late.Ticks);
        return _kept.FindIndex(kept => kept.Cost >= cost);
    }
}
