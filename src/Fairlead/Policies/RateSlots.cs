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

    private readonly List<long> _free = [];
    private GrantRing _ring = new();
    private long _next;
    private long _kept;

    /// <summary>The moment from which the next permit is free, apart from the ring.</summary>
    public long Next => _next;

    /// <summary>
    /// The earliest moment at which a permit of that cost may be used by somebody who can wait for it. A cost that the limit can never hold
    /// at once is let in when the limit is untouched, and paid off afterwards.
    /// </summary>
    public long Earliest(in RatePlan plan, long cost, long now)
    {
        var at = InLine(plan, cost, now);
        return cost == 1 && FirstFree(now) is { } free && free < at ? free : at;
    }

    /// <summary>The same for a job that waits to be claimed: a slot may have been kept for it.</summary>
    public long EarliestForJob(in RatePlan plan, long cost, long now) => IsKept(now) ? Math.Max(_kept, now) : InLine(plan, cost, now);

    /// <summary>Uses a permit at <paramref name="at" />, which is not before its earliest moment.</summary>
    public void Take(in RatePlan plan, long cost, long at)
    {
        if (cost == 1 && _free.Remove(at))
        {
            return;
        }
        if (plan.Shape == LimitShape.Smooth)
        {
            // On the grid as long as nobody is later than is forgiven.
            var slot = Math.Max(_next, plan.IsSmooth ? at - Late.Ticks : at);
            _next = slot + (cost * plan.Spacing);
        }
        if (plan.HasRing)
        {
            _ring.Add(plan, cost, at);
        }
    }

    /// <summary>The same for a job that was claimed: the slot that was kept for it is used, if there is one.</summary>
    public void TakeForJob(in RatePlan plan, long cost, long at)
    {
        if (!IsKept(at))
        {
            Take(plan, cost, at);
            return;
        }
        // Its place in line was taken when it was kept.
        _kept = 0;
        _next += (cost - 1) * plan.Spacing;
    }

    /// <summary>
    /// Keeps the next slot for jobs that wait for one: those who reserve ahead (calls inside handlers) would leave no slot that is free
    /// at the moment of a claim.
    /// </summary>
    public void KeepForJobs(in RatePlan plan, long now)
    {
        var at = InLine(plan, 1, now);
        if (!IsKept(now) && _kept <= now && at > now)
        {
            Take(plan, 1, at);
            _kept = at;
        }
    }

    /// <summary>A permit that was to be used at <paramref name="at" /> was not: its slot is free again.</summary>
    /// <returns>False when it is lost.</returns>
    public bool GiveBack(in RatePlan plan, long cost, long at)
    {
        if (plan.Shape == LimitShape.Window)
        {
            return _ring.Remove(cost, at);
        }
        if (!plan.IsSmooth || _next == at + (cost * plan.Spacing))
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
    public void Charge(in RatePlan plan, long cost, long now) => _next = Math.Max(_next, now) + (cost * plan.Spacing);

    /// <summary>Nothing is left until <paramref name="until" />: the bucket is empty then.</summary>
    public void Drain(in RatePlan plan, long until) => _next = Math.Max(_next, until + ((plan.Burst - 1) * plan.Spacing));

    /// <summary>The rate has changed: a permit is free again no later than if the last one had emptied the bucket.</summary>
    public void WaitAtMost(in RatePlan plan, long usedAt) => _next = Math.Min(_next, usedAt + (plan.Burst * plan.Spacing));

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
        to.Write(_kept);
        to.Write((byte)_free.Count);
        _free.ForEach(to.Write);
        _ring.Write(to);
    }

    public static RateSlots Read(BinaryReader from)
    {
        var slots = new RateSlots { _next = from.ReadInt64(), _kept = from.ReadInt64() };
        for (var count = from.ReadByte(); count > 0; count--)
        {
            slots._free.Add(from.ReadInt64());
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

    private long? FirstFree(long now)
    {
        _free.RemoveAll(at => at < now);
        return _free.Count == 0 ? null : _free.Min();
    }

    private bool IsKept(long now) => _kept > 0 && now - _kept <= Late.Ticks;
}
