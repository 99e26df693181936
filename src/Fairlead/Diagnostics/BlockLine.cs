using Fairlead.Storage;

namespace Fairlead.Diagnostics;

/// <summary>
/// The recorded blocks of one queue as one line without overlaps: at every moment the first cause in the fixed order. A stretch of
/// ready time is laid on it and cut where the cause changes; where nothing blocked, the cause is <see cref="WaitCause.Start" />.
/// </summary>
internal sealed class BlockLine
{
    private static readonly WaitCause[] Order =
    [
        WaitCause.Paused, WaitCause.Scheduled, WaitCause.Blocked, WaitCause.Breaker, WaitCause.Group, WaitCause.Limit, WaitCause.Slot, WaitCause.NoNode, WaitCause.Store,
    ];

    private readonly string _queue;
    private readonly List<TimeSegment> _segments = [];

    public BlockLine(string queue, IEnumerable<BlockInterval> blocks, DateTimeOffset now)
    {
        _queue = queue;
        var open = new SortedSet<(int Rank, int Index)>();
        var intervals = blocks.Select(block => (block.Cause, block.Key, block.From, To: block.To ?? now)).Where(block => block.From < block.To).ToArray();
        var events = intervals
            .SelectMany((block, index) => new[] { (At: block.From, Opens: true, index), (At: block.To, Opens: false, index) })
            .OrderBy(change => change.At).ToArray();
        DateTimeOffset last = default;
        foreach (var (at, opens, index) in events)
        {
            if (open.Count > 0 && at > last)
            {
                var first = intervals[open.Min.Index];
                _segments.Add(new TimeSegment(first.Cause, first.Key, last, at));
            }
            last = at;
            var entry = (Array.IndexOf(Order, intervals[index].Cause), index);
            _ = opens ? open.Add(entry) : open.Remove(entry);
        }
    }

    /// <summary>Cuts the stretch from <paramref name="from" /> to <paramref name="to" /> into parts with one cause each.</summary>
    public IEnumerable<TimeSegment> Cut(DateTimeOffset from, DateTimeOffset to)
    {
        var at = from;
        for (var i = FirstEndingAfter(from); i < _segments.Count && _segments[i].From < to; i++)
        {
            var segment = _segments[i];
            if (segment.From > at)
            {
                yield return new TimeSegment(WaitCause.Start, _queue, at, segment.From);
                at = segment.From;
            }
            var end = segment.To < to ? segment.To : to;
            yield return segment with { From = at, To = end };
            at = end;
        }
        if (at < to)
        {
            yield return new TimeSegment(WaitCause.Start, _queue, at, to);
        }
    }

    private int FirstEndingAfter(DateTimeOffset moment)
    {
        var (low, high) = (0, _segments.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _segments[middle].To <= moment ? (middle + 1, high) : (low, middle);
        }
        return low;
    }
}

/// <summary>A stretch of one job's life with one cause.</summary>
internal readonly record struct TimeSegment(WaitCause Cause, string Key, DateTimeOffset From, DateTimeOffset To)
{
    public double Seconds => (To - From).TotalSeconds;
}
