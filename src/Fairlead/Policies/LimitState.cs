using Fairlead.Limits;

namespace Fairlead.Policies;

/// <summary>
/// Everything a store keeps about one limit (of one group, where each has its own): one object that both the in-memory store and SQLite
/// ask and change, in the transaction that needs it. Pure: no I/O, no clock; it goes to and from bytes.
/// </summary>
internal sealed class LimitState
{
    private const byte Format = 1;
    private const int HistoryKept = 50;
    private static readonly TimeSpan CallsMatterFor = TimeSpan.FromHours(1);
    private readonly List<LimitMoment> _history = [];
    private RateSlots _slots = new();
    private DateTimeOffset _heldUntil;
    private DateTimeOffset _learnedAt;
    private DateTimeOffset _calledAt;
    private DateTimeOffset _quotaFrom;
    private long _quotaUsed;
    private double _headerRate;

    /// <summary>Permits of a number at once that are held now.</summary>
    public long InUse { get; set; }

    /// <summary>How much of the ceiling is in use.</summary>
    public AdaptiveRate Adaptive { get; private set; } = AdaptiveRate.Full;

    /// <summary>Its circuit breaker.</summary>
    public BreakerState Breaker { get; set; }

    /// <summary>When the one probe of an open breaker was let through; null when none is out.</summary>
    public DateTimeOffset? ProbeAt { get; set; }

    /// <summary>When a claim last left work for want of a permit.</summary>
    public DateTimeOffset JobsWaitedAt { get; private set; }

    /// <summary>What the job costs that was left.</summary>
    public long JobsCost { get; private set; } = 1;

    /// <summary>Permits given since the store was made.</summary>
    public long Granted { get; private set; }

    /// <summary>429s that were reported.</summary>
    public long Throttles { get; private set; }

    /// <summary>When permits were last given, or the state was made to wait.</summary>
    public DateTimeOffset UsedAt { get; private set; }

    /// <summary>Until when an upstream asked us to stay away; in the past when none does.</summary>
    public DateTimeOffset HeldUntil => _heldUntil;

    /// <summary>How the rate changed, the newest last.</summary>
    public IReadOnlyList<LimitMoment> History => _history;

    /// <summary>The rate in force, in permits per second; null for a number at once.</summary>
    public double? RateNow(Limit limit) => limit.Rate is { } rate ? Ceiling(rate).PerSecond * (1 - limit.Margin) * Factor(limit) : null;

    /// <summary>The earliest moment at which <paramref name="cost" /> permits may be used; null while a number at once is all in use.</summary>
    /// <param name="limit">The limit in force.</param>
    /// <param name="cost">How many permits.</param>
    /// <param name="now">The store's time.</param>
    /// <param name="forJob">A job that waits to be claimed, rather than a call that reserves its slot.</param>
    public DateTimeOffset? Earliest(Limit limit, long cost, DateTimeOffset now, bool forJob)
    {
        var from = _heldUntil > now ? _heldUntil : now;
        if (limit.AtOnce is { } most)
        {
            return InUse + Math.Min(cost, most) <= most ? from : null;
        }
        if (limit.Resets is { } resets)
        {
            // Once something of the next day is reserved, this day is over: what is asked for later does not overtake it.
            from = _quotaFrom > from ? _quotaFrom : from;
            var (last, next) = resets.Around(from);
            var quota = QuotaOf(limit);
            return (_quotaFrom < last ? 0 : _quotaUsed) + Math.Min(cost, quota) <= quota ? from : next;
        }
        var plan = Plan(limit);
        return At(forJob ? _slots.EarliestForJob(plan, cost, from.UtcTicks) : _slots.Earliest(plan, cost, from.UtcTicks));
    }

    /// <summary>Gives permits to be used at <paramref name="at" />, which is not before <see cref="Earliest" />.</summary>
    public void Take(Limit limit, long cost, DateTimeOffset at, bool forJob)
    {
        Granted += cost;
        UsedAt = at;
        JobsWaitedAt = forJob ? default : JobsWaitedAt;
        _calledAt = forJob ? _calledAt : at;
        ProbeAt = Breaker.IsOpen ? at : null;
        if (limit.IsConcurrent)
        {
            InUse += cost;
            return;
        }
        if (limit.Resets is { } resets)
        {
            var last = resets.Around(at).Last;
            (_quotaFrom, _quotaUsed) = _quotaFrom < last ? (last, cost) : (_quotaFrom, _quotaUsed + cost);
            return;
        }
        var plan = Plan(limit);
        if (forJob)
        {
            _slots.TakeForJob(plan, cost, at.UtcTicks);
        }
        else
        {
            _slots.Take(plan, cost, at.UtcTicks);
        }
    }

    /// <summary>A claim left a job of that cost for want of a permit.</summary>
    public void JobWaits(long cost, DateTimeOffset now) => (JobsWaitedAt, JobsCost) = (now, cost);

    /// <summary>While jobs wait for a slot, every other one is theirs although others reserve ahead.</summary>
    public void KeepForJobs(Limit limit, TimeSpan patience, DateTimeOffset now)
    {
        if (limit is not { Rate: not null, Resets: null })
        {
            return;
        }
        if (now - JobsWaitedAt < patience)
        {
            _slots.KeepForJobs(Plan(limit), JobsCost, (_heldUntil > now ? _heldUntil : now).UtcTicks);
        }
        else
        {
            _slots.FreeKept();
        }
    }

    /// <summary>Permits that were given to be used at <paramref name="at" /> were not.</summary>
    /// <returns>Whether somebody else can use them.</returns>
    public bool GiveBack(Limit limit, long cost, DateTimeOffset at)
    {
        Granted -= cost;
        if (limit.Resets is not null)
        {
            _quotaUsed -= at >= _quotaFrom ? Math.Min(cost, _quotaUsed) : 0;
            return true;
        }
        return limit.Rate is null || _slots.GiveBack(Plan(limit), cost, at.UtcTicks);
    }

    /// <summary>What was taken cost <paramref name="more" /> than was said, or (negative) less.</summary>
    public void Charge(Limit limit, long more, DateTimeOffset now)
    {
        if (limit.Resets is not null)
        {
            _quotaUsed = Math.Max(0, _quotaUsed + more);
        }
        else if (limit.Rate is not null)
        {
            _slots.Charge(Plan(limit), more, now.UtcTicks);
        }
    }

    /// <summary>The upstream refused a call: an adaptive rate goes down, and everybody stays away until <paramref name="until" />.</summary>
    public void Throttled(Limit limit, DateTimeOffset sentAt, DateTimeOffset? until, DateTimeOffset now)
    {
        Throttles++;
        if (until > _heldUntil)
        {
            Hold(limit, until.Value);
            Note(limit, now, LimitChangeCause.RetryAfter);
        }
        if (limit.Adaptive)
        {
            var before = Adaptive;
            // What is reserved already goes at the old rate: only from the next slot on does a 429 speak of the new one.
            Adaptive = Adaptive.Throttled(sentAt, Earliest(limit, 1, now, forJob: false) ?? now);
            if (Adaptive != before)
            {
                Note(limit, now, LimitChangeCause.Throttled);
            }
        }
    }

    /// <summary>So many calls went through.</summary>
    public void Succeeded(Limit limit, long calls, DateTimeOffset now)
    {
        if (limit.Adaptive && Adaptive.Factor < 1)
        {
            Adaptive = Adaptive.Succeeded(calls);
            if (_history.Count == 0 || RateNow(limit) >= _history[^1].PerSecond * 1.01 || Adaptive.Factor >= 1)
            {
                Note(limit, now, LimitChangeCause.Climbed);
            }
        }
    }

    /// <summary>The upstream's own words about what is left. Less than we believe counts; more does not.</summary>
    /// <param name="limit">The limit in force.</param>
    /// <param name="remaining">Permits left; may be below zero.</param>
    /// <param name="resetAt">When there are new ones.</param>
    /// <param name="perSecond">The rate itself: taken over as it is.</param>
    /// <param name="now">The store's time.</param>
    public void Resync(Limit limit, long? remaining, DateTimeOffset? resetAt, double? perSecond, DateTimeOffset now)
    {
        if (limit.Rate is null)
        {
            return;
        }
        if (perSecond is > 0 and var said && Math.Abs(said - Ceiling(limit.Rate.Value).PerSecond) > said * 1e-6)
        {
            _headerRate = said;
            Note(limit, now, LimitChangeCause.Header);
        }
        if (remaining is not { } left)
        {
            return;
        }
        if (limit.Resets is { } resets)
        {
            var last = resets.Around(now).Last;
            if (_quotaFrom <= last)
            {
                (_quotaFrom, _quotaUsed) = (last, Math.Max(_quotaFrom < last ? 0 : _quotaUsed, QuotaOf(limit) - left));
            }
        }
        else if (limit.Burst > 1 || limit.Debt || limit.Shape == LimitShape.Window)
        {
            _slots.LeaveAtMost(Plan(limit), left, now.UtcTicks);
        }
        if (left <= 0 && resetAt > _heldUntil && limit.Resets is null)
        {
            Hold(limit, resetAt.Value);
        }
    }

    /// <summary>
    /// Somebody comes back after it could not reach the store since <paramref name="since" />, and has used its own share meanwhile, as others
    /// may still do: nothing is given until what they have reserved by themselves is over.
    /// </summary>
    public void LearnAfterOutage(Limit limit, DateTimeOffset since, TimeSpan ahead, DateTimeOffset now)
    {
        if (limit.Rate is not null && _learnedAt < since)
        {
            _learnedAt = now;
            if (now + ahead > _heldUntil)
            {
                // The bucket is not full by then: what refilled it was used meanwhile.
                Hold(limit, now + ahead);
            }
        }
    }

    /// <summary>
    /// The same for claims: they use no share of their own while the store is away, but calls do, where there have been any lately.
    /// </summary>
    public void LearnForJobs(Limit limit, DateTimeOffset since, TimeSpan ahead, DateTimeOffset now)
    {
        if (since - _calledAt < CallsMatterFor)
        {
            LearnAfterOutage(limit, since, ahead, now);
        }
    }

    /// <summary>An operator changed the limit.</summary>
    public void Changed(Limit before, Limit limit, DateTimeOffset now)
    {
        Redefined(before, limit, now);
        Note(limit, now, LimitChangeCause.Operator);
    }

    /// <summary>Another limit is in force: what was learned about the old one is over, and nobody waits at the old pace.</summary>
    public void Redefined(Limit before, Limit limit, DateTimeOffset now)
    {
        RatePlan? paced = before is { Rate: not null, Resets: null } ? Plan(before) : null;
        (Adaptive, _headerRate) = (AdaptiveRate.Full, 0);
        if (paced is { } plan && limit is { Rate: not null, Resets: null })
        {
            _slots.Respace(plan, Plan(limit), now.UtcTicks);
        }
    }

    /// <summary>How many could be used at once now; null for none known.</summary>
    public long Available(Limit limit, DateTimeOffset now)
    {
        if (limit.AtOnce is { } most)
        {
            return most - InUse;
        }
        if (_heldUntil > now || (limit.Resets is not null && _quotaFrom > now))
        {
            return 0;
        }
        return limit.Resets is { } resets
            ? QuotaOf(limit) - (_quotaFrom < resets.Around(now).Last ? 0 : _quotaUsed)
            : _slots.Available(Plan(limit), now.UtcTicks);
    }

    /// <summary>True when forgetting this state would change nothing.</summary>
    public bool IsIdle(Limit limit, DateTimeOffset now) =>
        InUse == 0 && !Breaker.IsOpen && _heldUntil <= now && limit.Resets is null && Adaptive.Factor >= 1
        && (limit.Rate is not { } rate || UsedAt + (rate.Per * 2) < now) && _slots.Next <= now.UtcTicks;

    /// <summary>As bytes.</summary>
    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using var to = new BinaryWriter(stream);
        to.Write(Format);
        _slots.Write(to);
        foreach (var number in (long[])[_heldUntil.UtcTicks, _learnedAt.UtcTicks, _quotaFrom.UtcTicks, _quotaUsed, InUse, Granted, Throttles, UsedAt.UtcTicks, Adaptive.CutAt.UtcTicks, JobsWaitedAt.UtcTicks, JobsCost, _calledAt.UtcTicks, ProbeAt?.UtcTicks ?? 0])
        {
            to.Write(number);
        }
        to.Write(_headerRate);
        to.Write(Adaptive.Factor);
        to.Write(Adaptive.Around);
        to.Write(Breaker.Failures);
        to.Write(Breaker.Window);
        to.Write(Breaker.Seen);
        to.Write(Breaker.Proven);
        to.Write(Breaker.OpenUntil?.UtcTicks ?? 0);
        to.Write(Breaker.OpenFor.Ticks);
        to.Write((byte)_history.Count);
        foreach (var moment in _history)
        {
            to.Write(moment.At.UtcTicks);
            to.Write(moment.PerSecond);
            to.Write((byte)moment.Cause);
        }
        to.Flush();
        return stream.ToArray();
    }

    /// <summary>Back from bytes.</summary>
    /// <exception cref="InvalidDataException">They are of another version.</exception>
    public static LimitState FromBytes(byte[] bytes)
    {
        using var from = new BinaryReader(new MemoryStream(bytes, writable: false));
        if (from.ReadByte() != Format)
        {
            throw new InvalidDataException("The state of a limit was written by another version of Fairlead.");
        }
        var state = new LimitState
        {
            _slots = RateSlots.Read(from),
            _heldUntil = At(from.ReadInt64()),
            _learnedAt = At(from.ReadInt64()),
            _quotaFrom = At(from.ReadInt64()),
            _quotaUsed = from.ReadInt64(),
            InUse = from.ReadInt64(),
            Granted = from.ReadInt64(),
            Throttles = from.ReadInt64(),
            UsedAt = At(from.ReadInt64()),
        };
        var cutAt = At(from.ReadInt64());
        state.JobsWaitedAt = At(from.ReadInt64());
        state.JobsCost = from.ReadInt64();
        state._calledAt = At(from.ReadInt64());
        var probe = from.ReadInt64();
        state.ProbeAt = probe == 0 ? null : At(probe);
        state._headerRate = from.ReadDouble();
        state.Adaptive = new(from.ReadDouble(), cutAt, from.ReadDouble());
        state.Breaker = new()
        {
            Failures = from.ReadInt32(), Window = from.ReadUInt32(), Seen = from.ReadInt32(), Proven = from.ReadBoolean(),
            OpenUntil = from.ReadInt64() is > 0 and var until ? At(until) : null, OpenFor = TimeSpan.FromTicks(from.ReadInt64()),
        };
        for (var count = from.ReadByte(); count > 0; count--)
        {
            state._history.Add(new(At(from.ReadInt64()), from.ReadDouble(), (LimitChangeCause)from.ReadByte()));
        }
        return state;
    }

    private RatePlan Plan(Limit limit) => RatePlan.Of(limit, Ceiling(limit.Rate!.Value), Factor(limit));

    private double Factor(Limit limit) => limit.Adaptive ? Adaptive.Factor : 1;

    /// <summary>The rate that is adapted: the published one, or what the upstream's header says.</summary>
    private Rate Ceiling(Rate rate) => _headerRate > 0
        ? new(rate.Permits, TimeSpan.FromSeconds(rate.Permits / _headerRate))
        : rate;

    private static long QuotaOf(Limit limit) => Math.Max(1, (long)(limit.Rate!.Value.Permits * (1 - limit.Margin)));

    private void Hold(Limit limit, DateTimeOffset until)
    {
        _heldUntil = until;
        if (limit is { Rate: not null, Resets: null, Shape: LimitShape.Smooth })
        {
            _slots.Drain(Plan(limit), until.UtcTicks);
        }
    }

    private void Note(Limit limit, DateTimeOffset now, LimitChangeCause cause)
    {
        if (_history.Count == HistoryKept)
        {
            _history.RemoveAt(0);
        }
        _history.Add(new(now, RateNow(limit) ?? 0, cause));
    }

    private static DateTimeOffset At(long ticks) => new(ticks, TimeSpan.Zero);
}
