using Fairlead.Limits;
using Fairlead.Policies;
using Fairlead.Storage;

namespace Fairlead.PostgreSql;

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
        var (definition, clock) = (QueueTerms.Read(queue, sql).InForce, QueueFacts.ReadFair(sql, queue).Clock);
        var entries = Entries(sql["groups_of"].Add(queue).Add(limit));
        var ungrouped = Ungrouped(queue, clock);
        if (ungrouped.Ready > 0 || ungrouped.State.InFlight > 0)
        {
            var at = entries.FindIndex(entry => (entry.Ready == 0).CompareTo(ungrouped.Ready == 0) is var order && (order != 0 ? order > 0 : entry.State.Tag >= ungrouped.State.Tag));
            entries.Insert(at < 0 ? entries.Count : at, ungrouped);
        }
        return entries.Take(limit).Select(group => Info(name, group, definition, clock)).ToList();
    }

    /// <summary>The jobs without a group: they have no row where nobody shares, so their numbers come from the queue's.</summary>
    private GroupEntry Ungrouped(long queue, double clock)
    {
        var tally = Tallies.Read(sql, -queue);
        var (ready, inFlight) = InGroups(queue);
        var row = sql["find_group"].Add(queue).Add("");
        var entry = row.Step() ? GroupEntry.Read(row) : new GroupEntry(0, queue, "") { State = { Tag = clock, InFlight = (int)(tally.Processing - inFlight) } };
        entry.Ready = tally.Queued - ready;
        return entry;
    }

    private (long Ready, long InFlight) InGroups(long queue)
    {
        var row = sql["in_groups"].Add(queue);
        row.Step();
        var sums = (row.Long(0), row.Long(1));
        return sums;
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
            if (QueueFacts.ReadFair(sql, id).Outage is { IsOpen: true } outage)
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
        Ready = group.Ready,
        InFlight = group.State.InFlight,
        Lag = group.State.Tag - clock,
        ServedSeconds = group.State.Served,
        Slow = group.State.Slow,
        Paused = group.State.Paused,
        Blocked = group.Ready == 0 ? null : group.State.Blocked(definition, queue, group.IsUngrouped ? null : group.Name, now),
    };

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
