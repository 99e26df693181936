using Fairlead.Limits;
using Fairlead.Policies;
using Fairlead.Storage;

namespace Fairlead.Sqlite;

/// <summary>Limits, groups and breakers as operators see them.</summary>
internal sealed class FlowReader(Statements sql, DateTimeOffset now)
{
    public List<LimitInfo> Limits(int states)
    {
        var infos = new List<LimitInfo>();
        foreach (var limit in AllLimits())
        {
            var known = States(limit.Id, states);
            if (limit.InForce.PerGroup)
            {
                infos.Add(PermitDesk.Info(limit.Name, null, limit.Declared, limit.InForce, new LimitState(), now));
                infos.AddRange(known.Select(state => PermitDesk.Info(limit.Name, state.Key, limit.Declared, limit.InForce, state.State, now)));
            }
            else
            {
                infos.Add(PermitDesk.Info(limit.Name, null, limit.Declared, limit.InForce, known.Find(static s => s.Key.Length == 0).State ?? new LimitState(), now));
            }
        }
        return infos;
    }

    public List<GroupInfo> Groups(string name, int limit)
    {
        var infos = new List<GroupInfo>();
        if (sql["find_queue"].Add(name).Number() is not { } queue)
        {
            return infos;
        }
        var (definition, clock) = (DefinitionCache.Read(queue, sql), Clock(queue));
        foreach (var group in Entries(sql["groups_of"].Add(queue).Add(limit)))
        {
            infos.Add(Info(name, group, definition, clock));
        }
        return infos;
    }

    public List<BreakerInfo> Breakers()
    {
        var infos = new List<BreakerInfo>();
        var names = new Dictionary<long, string>();
        var row = sql["queues"];
        while (row.Step())
        {
            names.Add(row.Long(0), row.Text(1));
        }
        foreach (var (id, name) in names)
        {
            if (Outage(id) is { IsOpen: true } outage)
            {
                infos.Add(new(name, true, outage.OpenUntil, outage.Failures, Tallies.Read(sql, -id).Queued));
            }
        }
        infos.AddRange(Entries(sql["groups_with_breakers"])
            .Where(static group => group.State.Breaker.IsOpen || group.State.Breaker.Failures > 0)
            .Select(group => Info(GroupState.KeyOf(names[group.Queue], group.Name), group.State.Breaker, group.Ready)));
        foreach (var limit in AllLimits())
        {
            infos.AddRange(States(limit.Id, 1000)
                .Where(static state => state.State.Breaker.IsOpen || state.State.Breaker.Failures > 0)
                .Select(state => Info(PermitDesk.BlockKeyOf(limit.Name, state.Key), state.State.Breaker, 0)));
        }
        infos.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return infos;
    }

    private static BreakerInfo Info(string key, in BreakerState state, long waiting) => new(key, state.IsOpen, state.OpenUntil, state.Failures, waiting);

    private GroupInfo Info(string queue, GroupEntry group, QueueDefinition? definition, double clock) => new()
    {
        Queue = queue,
        Group = group.IsUngrouped ? null : group.Name,
        Weight = definition?.WeightOf(group.IsUngrouped ? null : group.Name) ?? 1,
        Ready = group.IsUngrouped ? ReadyUngrouped(group.Queue) : group.Ready,
        InFlight = group.State.InFlight,
        Lag = group.State.Tag - clock,
        ServedSeconds = group.State.Served,
        Slow = group.State.Slow,
        Paused = group.State.Paused,
        Blocked = group.IsUngrouped || group.Ready == 0 ? null : group.State.Blocked(definition, queue, group.Name, now),
    };

    /// <summary>Whatever is queued and has no group.</summary>
    private long ReadyUngrouped(long queue) => Tallies.Read(sql, -queue).Queued - (sql["ready_in_groups"].Add(queue).Number() ?? 0);

    private double Clock(long queue)
    {
        var row = sql["queue_facts"].Add(queue);
        row.Step();
        var clock = row.Double(6);
        row.Reset();
        return clock;
    }

    private BreakerState Outage(long queue)
    {
        var row = sql["queue_facts"].Add(queue);
        row.Step();
        var outage = BreakerText.Read(row.MaybeText(7));
        row.Reset();
        return outage;
    }

    private List<LimitEntry> AllLimits()
    {
        var limits = new List<LimitEntry>();
        var row = sql["limits"];
        while (row.Step())
        {
            limits.Add(LimitEntry.Read(row, row.Text(3)));
        }
        return limits;
    }

    private List<(string Key, LimitState State)> States(long limit, int most)
    {
        var states = new List<(string, LimitState)>();
        var row = sql["limit_states"].Add(limit).Add(most);
        while (row.Step())
        {
            states.Add((row.Text(0), LimitState.FromBytes(row.Blob(1))));
        }
        return states;
    }

    private static List<GroupEntry> Entries(Statement row)
    {
        var entries = new List<GroupEntry>();
        while (row.Step())
        {
            entries.Add(GroupEntry.Read(row));
        }
        return entries;
    }
}
