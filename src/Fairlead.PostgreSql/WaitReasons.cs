using System.Globalization;
using Fairlead.Diagnostics;

namespace Fairlead.PostgreSql;

/// <summary>Why a job does not run: the first cause that applies, in the fixed order.</summary>
internal static class WaitReasons
{
    public static WaitReason Of(Statements sql, FoundJob found, string queueName, JobKind kind, long now)
    {
        var (paused, full) = Queue(sql, found.Place.Queue);
        if (paused)
        {
            return new(WaitCause.Paused, queueName, null);
        }
        var flow = new FlowReasons(sql, found.Place, queueName, now);
        if (flow.Paused() is { } held)
        {
            return held;
        }
        if (found.Status == JobStatus.Scheduled && found.Due > now)
        {
            return new(found.Cause, queueName, Moment.From(found.Due));
        }
        if (found.Status == JobStatus.Blocked)
        {
            return new(WaitCause.Blocked, Text(sql["first_awaited"].Add(found.Place.Job).Number() ?? found.Place.Job), null);
        }
        if (found.Waiting == WaitingState.Parked)
        {
            return new(WaitCause.Slot, Text(found.Place.Batch), null);
        }
        return flow.Now() ?? (full ? new WaitReason(WaitCause.Slot, queueName, null) : Node(sql, found.Place, queueName, kind));
    }

    private static WaitReason Node(Statements sql, in Place place, string queueName, JobKind kind)
    {
        if (!sql["line_is_served"].Add(place.Queue).Add(place.Kind).Any())
        {
            return new(WaitCause.NoNode, kind.ToString(), null);
        }
        var row = sql["slot_block"].Add(place.Queue);
        var reason = row.Step() ? new WaitReason(WaitCause.Slot, row.Text(0), null) : new(WaitCause.Start, queueName, null);
        return reason;
    }

    private static (bool Paused, bool Full) Queue(Statements sql, long queue)
    {
        var row = sql["queue_facts"].Add([queue]);
        row.Step();
        var (paused, max) = (row.Long(0) != 0, row.MaybeLong(1));
        var reserved = max is null ? 0 : sql["count_reserved"].Add(queue).Number() ?? 0;
        return (paused, max is { } most && row.Long(9) + reserved >= most);
    }

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);
}
