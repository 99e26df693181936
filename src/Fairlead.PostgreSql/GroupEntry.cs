using Fairlead.Diagnostics;
using Fairlead.Policies;

namespace Fairlead.PostgreSql;

/// <summary>A group as one operation knows it: read once, changed in memory, written at the operation's end if anything changed.</summary>
internal sealed class GroupEntry(long id, long queue, string name)
{
    public readonly long Id = id;
    public readonly long Queue = queue;

    /// <summary>Empty for the jobs without a group.</summary>
    public readonly string Name = name;
    public readonly GroupState State = new();

    /// <summary>Its kinds; complete.</summary>
    public readonly Dictionary<long, Lane> Lanes = [];

    public long Ready;
    public bool InReach;
    public long? WakeAt;
    public WaitReason? Block;
    public bool Changed;

    public bool IsUngrouped => Name.Length == 0;

    public Lane LaneOf(long kind)
    {
        if (!Lanes.TryGetValue(kind, out var lane))
        {
            Lanes.Add(kind, lane = new());
        }
        return lane;
    }

    public static GroupEntry Read(Statement row)
    {
        var entry = new GroupEntry(row.Long(0), row.Long(1), row.Text(2))
        {
            Ready = row.Long(4),
            InReach = row.Long(6) != 0,
            WakeAt = row.MaybeLong(12),
            Block = row.MaybeText(14) is { } key ? new((WaitCause)row.Int(13), key, null) : null,
        };
        var state = entry.State;
        (state.Tag, state.InFlight, state.Paused) = (row.Double(3), row.Int(5), row.Long(7) != 0);
        state.Breaker = BreakerText.Read(row.MaybeText(8));
        state.Held = row.MaybeText(10) is { } limit ? new((WaitCause)row.Int(11), limit, Moment.From(row.Long(9))) : null;
        (state.Served, state.Slow) = (row.Double(15), row.Long(16));
        return entry;
    }

    /// <summary>One lane as its table says: kind, ready, tag, reach, estimate.</summary>
    public void Learn(Statement row)
    {
        var lane = LaneOf(row.Long(0));
        (lane.Ready, lane.Estimate) = (row.Long(1), row.MaybeDouble(4));
        lane.Written = (lane.Ready, row.Double(2), row.Long(3) != 0, lane.Estimate);
    }

    /// <summary>One kind of it.</summary>
    public sealed class Lane
    {
        public long Ready;
        public double? Estimate;

        /// <summary>What the table says, so that only what changed is written.</summary>
        public (long Ready, double Tag, bool Reach, double? Estimate)? Written;
    }
}
