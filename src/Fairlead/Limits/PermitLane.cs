using Fairlead.Policies;
using Fairlead.Storage;

namespace Fairlead.Limits;

/// <summary>
/// Those of a line who want the same: a cost, and for numbers at once their attempt. Its permits go to its waiters in order, so that one
/// who leaves lets all behind move up. Not safe by itself: the line locks.
/// </summary>
internal sealed class PermitLane(long cost, AttemptKey? attempt)
{
    private readonly LinkedList<PermitWaiter> _waiters = new();
    private readonly LinkedList<Permit> _permits = new();
    private int _impatient;

    public long Cost => cost;

    public AttemptKey? Attempt => attempt;

    public int Waiting => _waiters.Count;

    public bool IsEmpty => _waiters.Count == 0 && _permits.Count == 0;

    /// <summary>Waiters without a permit.</summary>
    public int Lacking => Math.Max(0, _waiters.Count - _permits.Count);

    /// <summary>The place in line of the first waiter without a permit.</summary>
    public long FirstLacking => Lacking == 0 ? long.MaxValue : _waiters.ElementAt(_permits.Count).Place;

    /// <summary>Waiters without a permit who asked before that place in line.</summary>
    public int LackingBefore(long place) =>
        place == long.MaxValue ? Lacking : _waiters.Skip(_permits.Count).TakeWhile(waiter => waiter.Place < place).Count();

    public void Add(PermitWaiter waiter, bool first)
    {
        _ = first ? _waiters.AddFirst(waiter) : _waiters.AddLast(waiter);
        _impatient += waiter.Latest is null ? 0 : 1;
    }

    public bool Remove(PermitWaiter waiter)
    {
        var found = _waiters.Remove(waiter);
        _impatient -= found && waiter.Latest is not null ? 1 : 0;
        return found;
    }

    /// <summary>Takes a permit in, in the order of their moments.</summary>
    public void Add(Permit permit)
    {
        var before = _permits.Last;
        while (before is not null && before.Value.At > permit.At)
        {
            before = before.Previous;
        }
        _ = before is null ? _permits.AddFirst(permit) : _permits.AddAfter(before, permit);
    }

    /// <summary>A permit that is due and that nobody waits for; null for none.</summary>
    public Permit? TakeSpare(DateTimeOffset now)
    {
        if (_waiters.Count > 0 || _permits.First is not { } first || first.Value.At > now || IsLate(first.Value, now))
        {
            return null;
        }
        _permits.RemoveFirst();
        return first.Value;
    }

    /// <summary>Gives the permits that are due to the first in line; those that are too late, or more than are wanted, are unused.</summary>
    public void HandOut(DateTimeOffset now, int spare, List<Permit> unused)
    {
        while (_permits.First is { } permit && permit.Value.At <= now)
        {
            if (IsLate(permit.Value, now))
            {
                unused.Add(permit.Value);
            }
            else if (_waiters.First is { } waiter)
            {
                Remove(waiter.Value);
                waiter.Value.Give(permit.Value);
            }
            else
            {
                break;
            }
            _permits.Remove(permit);
        }
        while (_permits.Last is { } last && _permits.Count > _waiters.Count + (last.Value.Id > 0 ? 0 : spare))
        {
            _permits.RemoveLast();
            unused.Add(last.Value);
        }
    }

    /// <summary>Takes out those whose permit would come too late for them.</summary>
    /// <param name="now">Now.</param>
    /// <param name="next">When the next permit is to be had at the earliest; null when nobody knows.</param>
    public IEnumerable<PermitWaiter> TakeImpatient(DateTimeOffset now, DateTimeOffset? next)
    {
        var permit = _permits.First;
        for (var node = _waiters.First; node is not null && _impatient > 0;)
        {
            var (waiter, slot) = (node.Value, permit?.Value.At ?? next);
            node = node.Next;
            if (waiter.Latest is { } latest && (slot > latest || (permit is null && latest <= now)))
            {
                Remove(waiter);
                yield return waiter;
            }
            else
            {
                permit = permit?.Next;
            }
        }
    }

    /// <summary>Takes out every permit of which that is true.</summary>
    public void TakeOut(Predicate<Permit> which, List<Permit> to)
    {
        for (var node = _permits.First; node is not null;)
        {
            var permit = node;
            node = node.Next;
            if (which(permit.Value))
            {
                _permits.Remove(permit);
                to.Add(permit.Value);
            }
        }
    }

    /// <summary>How far ahead its waiters can use a permit.</summary>
    public TimeSpan Within(DateTimeOffset now)
    {
        if (_impatient < _waiters.Count)
        {
            return PermitDesk.Horizon;
        }
        var latest = _waiters.Max(static waiter => waiter.Latest!.Value) - now;
        return latest < TimeSpan.Zero ? TimeSpan.Zero : latest < PermitDesk.Horizon ? latest : PermitDesk.Horizon;
    }

    /// <summary>The next moment at which there is something to do here.</summary>
    public DateTimeOffset NextMoment
    {
        get
        {
            var permit = _permits.First is { } first ? first.Value.At + (_waiters.Count > 0 ? TimeSpan.Zero : RateSlots.Late + TimeSpan.FromTicks(1)) : DateTimeOffset.MaxValue;
            var patience = _impatient == 0 ? DateTimeOffset.MaxValue : _waiters.Min(static waiter => waiter.Latest ?? DateTimeOffset.MaxValue);
            return permit < patience ? permit : patience;
        }
    }

    public void Fail(Exception error)
    {
        foreach (var waiter in _waiters)
        {
            waiter.Fail(error);
        }
        _waiters.Clear();
        _impatient = 0;
    }

    private static bool IsLate(Permit permit, DateTimeOffset now) => permit.Id <= 0 && now - permit.At > RateSlots.Late;
}
