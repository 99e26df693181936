using Fairlead.Diagnostics;
using Fairlead.Policies;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

/// <summary>What its group, a breaker or a limit has to do with it that a job does not run.</summary>
internal sealed class FlowReasons(Statements sql, Place place, string queueName, long now)
{
    private readonly DateTimeOffset time = Moment.From(now);
    private readonly GroupEntry? group = ReadGroup(sql, place);

    /// <summary>Set while its group is paused.</summary>
    public WaitReason? Paused() => group is { State.Paused: true } ? new(WaitCause.Paused, GroupState.KeyOf(queueName, group.Name), null) : null;

    /// <summary>Breaker, group or limit, the first that applies.</summary>
    public WaitReason? Now()
    {
        if (QueueFacts.ReadFair(sql, place.Queue).Outage.OpenUntil is { } until && until > time)
        {
            return new(WaitCause.Breaker, queueName, until == BreakerState.Forever ? null : until);
        }
        var definition = QueueTerms.Read(place.Queue, sql).InForce;
        return group?.State.Blocked(definition, queueName, group.Name, time) ?? Lacking(definition);
    }

    private WaitReason? Lacking(QueueDefinition? definition)
    {
        foreach (var use in definition?.Limits ?? [])
        {
            var row = sql["find_limit"].Add(use.Name);
            var limit = row.Step() ? LimitEntry.Read(row, use.Name) : null;
            if (limit is not null && Refusal(use, limit) is { } reason)
            {
                return reason;
            }
        }
        return null;
    }

    private WaitReason? Refusal(LimitUse use, LimitEntry limit)
    {
        var key = PermitDesk.KeyOf(limit.InForce, group?.Name);
        var row = sql["limit_state"].Add(limit.Id).Add(key);
        var state = row.Step() ? LimitState.FromBytes(row.Blob(0)) : new LimitState();
        var cost = use.CostPointer is { } pointer ? JsonPointer.Cost(Payload(), pointer) ?? use.Cost : use.Cost;
        return PermitDesk.Refusal(limit.Name, key, limit.InForce, state, cost, time);
    }

    private byte[] Payload()
    {
        var row = sql["job_to_run"].Add(place.Job);
        row.Step();
        var payload = row.Blob(4);
        return payload;
    }

    private static GroupEntry? ReadGroup(Statements sql, in Place place)
    {
        if (!place.Flags.HasFlag(JobFlags.Grouped))
        {
            return null;
        }
        var named = sql["group_of_job"].Add(place.Job);
        named.Step();
        var name = named.Text(0);
        var row = sql["find_group"].Add(place.Queue).Add(name);
        var entry = row.Step() ? GroupEntry.Read(row) : new GroupEntry(0, place.Queue, name);
        return entry;
    }
}
