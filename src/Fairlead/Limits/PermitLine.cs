using Fairlead.Storage;

namespace Fairlead.Limits;

/// <summary>
/// Who waits here for permits of one limit, and what has been reserved for them: first come, first served. Says what to ask the store
/// for; asks nobody itself. Safe from any thread.
/// </summary>
internal sealed class PermitLine(string limit, string? group, bool isRate, int leaseAhead)
{
    /// <summary>The id of permits this node gave itself while the store was away: nobody takes them back.</summary>
    public const long OwnShare = -1;

    private const int MostAtOnce = 1000;
    private static readonly TimeSpan ShortestReturn = TimeSpan.FromMilliseconds(10);

    private readonly Lock _gate = new();
    private readonly List<PermitLane> _lanes = [];
    private readonly List<Permit> _unused = [];
    private bool _isRate = isRate;
    private bool _keepsSpare;
    private long _places;
    private DateTimeOffset _nextSlot;
    private DateTimeOffset _heldUntil;
    private DateTimeOffset _comeBack;

    /// <summary>How many wait.</summary>
    public int Waiting => Locked(() => _lanes.Sum(static lane => lane.Waiting));

    /// <summary>Nobody waits, and nothing is reserved or to be given back.</summary>
    public bool IsEmpty => Locked(() => _unused.Count == 0 && _lanes.TrueForAll(static lane => lane.IsEmpty));

    /// <summary>Somebody waits for whom nothing is reserved.</summary>
    public bool IsLacking => Locked(() => _lanes.Exists(static lane => lane.Lacking > 0));

    /// <summary>When the next permit is to be had at the earliest, as the store said last.</summary>
    public DateTimeOffset NextSlot => Locked(() => _nextSlot > _heldUntil ? _nextSlot : _heldUntil);

    /// <summary>Lets one wait; <paramref name="first" /> before all others, because it holds a scarcer permit already.</summary>
    public void Add(PermitWaiter waiter, bool first) => Locked(() =>
    {
        waiter.Place = first ? -(++_places) : ++_places;
        Lane(waiter.Cost, waiter.Attempt).Add(waiter, first);
    });

    /// <summary>One does not want to wait any more.</summary>
    public bool Remove(PermitWaiter waiter) => Locked(() => _lanes.Exists(lane => lane.Remove(waiter)));

    /// <summary>A permit that is due and that nobody waits for; null for none.</summary>
    public Permit? TakeSpare(long cost, DateTimeOffset now) => Locked(() =>
        _lanes.Where(lane => lane.Cost == cost).Select(lane => lane.TakeSpare(now)).FirstOrDefault(static permit => permit is not null));

    /// <summary>Permits that come although nobody waits are kept for a moment: somebody tries again soon.</summary>
    public void KeepSpare() => Locked(() => { _keepsSpare = true; });

    /// <summary>Gives out what is due and lets go of those for whom it would come too late.</summary>
    /// <param name="now">The store's time.</param>
    /// <param name="spacing">How far apart those who are told to come back should do so.</param>
    public void HandOut(DateTimeOffset now, TimeSpan spacing) => Locked(() =>
    {
        var next = _nextSlot > _heldUntil ? _nextSlot : _heldUntil;
        foreach (var lane in _lanes)
        {
            lane.TakeOut(permit => permit.Id <= 0 && permit.At < _heldUntil, _unused);
            foreach (var waiter in lane.TakeImpatient(now, next > now ? next : null).ToList())
            {
                // Where nobody knows when (a number at once, a store that is away), in another while.
                waiter.Refuse(ComeBackIn(next > waiter.Latest ? next : now + (1.5 * HandlerPermits.Patience), now, spacing));
            }
            lane.HandOut(now, Math.Max(leaseAhead, _keepsSpare ? 1 : 0), _unused);
        }
        _lanes.RemoveAll(static lane => lane.IsEmpty);
    });

    /// <summary>What to ask the store for now: for those who have waited longest; null for nothing.</summary>
    public PermitRequest? Wanted(DateTimeOffset now) => Locked(() =>
    {
        if (OldestLacking() is not { } lane)
        {
            return null;
        }
        // Whoever wants something else is not overtaken.
        var before = _lanes.Count == 1 ? long.MaxValue : _lanes.Where(other => other != lane).Min(static other => other.FirstLacking);
        return new PermitRequest
        {
            Limit = limit,
            Group = group,
            Cost = lane.Cost,
            Count = Math.Min(MostAtOnce, lane.LackingBefore(before) + (_isRate && lane.Attempt is null && before == long.MaxValue ? leaseAhead : 0)),
            Within = lane.Within(now),
            Attempt = lane.Attempt,
        };
    });

    /// <summary>Takes in what the store gave.</summary>
    public void Take(PermitRequest request, PermitAnswer answer) => Locked(() =>
    {
        _isRate = answer.Permits.Count > 0 ? answer.Permits[0].Id == 0 : _isRate;
        var lane = Lane(request.Cost, request.Attempt);
        foreach (var permit in answer.Permits)
        {
            lane.Add(permit);
        }
        _nextSlot = answer.Permits.Count < request.Count ? answer.RetryAt ?? default : default;
    });

    /// <summary>Reserves of this node's own share, for those who have waited longest.</summary>
    /// <param name="at">The moment for the next permit; null when that is too far ahead.</param>
    /// <param name="taken">Hears what was taken: its moment and cost.</param>
    public void TakeOwn(Func<DateTimeOffset?> at, Action<DateTimeOffset, long> taken) => Locked(() =>
    {
        _nextSlot = default;
        while (OldestLacking() is { } lane && at() is { } moment)
        {
            lane.Add(new(limit, group, lane.Cost, moment, OwnShare));
            taken(moment, lane.Cost);
        }
    });

    /// <summary>Lets go of what this node reserved by itself: the store was away for a moment only.</summary>
    public void DropOwn() => Locked(() => _lanes.ForEach(lane => lane.TakeOut(static permit => permit.Id == OwnShare, [])));

    /// <summary>The upstream wants to be left alone: what lies before that is not used, whoever gave it.</summary>
    public void Hold(DateTimeOffset until) => Locked(() => { _heldUntil = until > _heldUntil ? until : _heldUntil; });

    /// <summary>Until when the upstream wants to be left alone; in the past when it does not.</summary>
    public DateTimeOffset HeldUntil => Locked(() => _heldUntil);

    /// <summary>Everybody who waits is told what is wrong.</summary>
    public void Fail(Exception error) => Locked(() => _lanes.ForEach(lane => lane.Fail(error)));

    /// <summary>These are not used.</summary>
    public void GiveBack(IEnumerable<Permit> permits) => Locked(() => _unused.AddRange(permits));

    /// <summary>What the store is to be given back.</summary>
    public List<Permit> TakeUnused() => Locked(() =>
    {
        var permits = _unused.FindAll(static permit => permit.Id != OwnShare);
        _unused.Clear();
        return permits;
    });

    /// <summary>The next moment at which there is something to hand out, or somebody's patience ends.</summary>
    public DateTimeOffset NextMoment => Locked(() => _lanes.Count == 0 ? DateTimeOffset.MaxValue : _lanes.Min(static lane => lane.NextMoment));

    /// <summary>
    /// When one who could not wait should ask again: behind the others who were told so, half his patience before his slot. All at the
    /// same moment, most would be sent away again.
    /// </summary>
    private TimeSpan ComeBackIn(DateTimeOffset slot, DateTimeOffset now, TimeSpan spacing)
    {
        _comeBack = _comeBack + spacing > slot ? _comeBack + spacing : slot;
        var wait = _comeBack - HandlerPermits.Patience / 2 - now;
        return wait > ShortestReturn ? wait : ShortestReturn;
    }

    private PermitLane? OldestLacking()
    {
        var lacking = _lanes.FindAll(static lane => lane.Lacking > 0);
        return lacking.Count <= 1 ? lacking.FirstOrDefault() : lacking.MinBy(static lane => lane.FirstLacking);
    }

    /// <summary>Permits of a rate are one like the other; those of a number at once end with the attempt they were asked for.</summary>
    private PermitLane Lane(long cost, AttemptKey? attempt)
    {
        var owner = _isRate ? null : attempt;
        var lane = _lanes.Find(lane => lane.Cost == cost && lane.Attempt == owner);
        if (lane is null)
        {
            _lanes.Add(lane = new(cost, owner));
        }
        return lane;
    }

    private T Locked<T>(Func<T> step)
    {
        lock (_gate)
        {
            return step();
        }
    }

    private void Locked(Action step)
    {
        lock (_gate)
        {
            step();
        }
    }
}
