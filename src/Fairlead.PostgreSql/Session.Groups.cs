using Fairlead.Diagnostics;
using Fairlead.Policies;

namespace Fairlead.PostgreSql;

/// <summary>Fairness by time: which group goes next, what it is charged, and what keeps it out of reach.</summary>
internal sealed partial class Session
{
    private readonly Dictionary<(long Queue, string Name), GroupEntry> groups = [];
    private readonly Dictionary<long, GroupEntry> groupsById = [];

    /// <summary>How long jobs of a kind take in a queue, in seconds, and which of these were learned in this operation.</summary>
    private readonly Dictionary<long, Dictionary<long, double>> estimates = [];
    private readonly HashSet<(long Queue, long Kind)> learned = [];

    /// <summary>The group of that name, made at its first use; the empty name stands for the jobs without a group.</summary>
    public GroupEntry Group(long queue, string name)
    {
        if (groups.TryGetValue((queue, name), out var known))
        {
            return known;
        }
        LoadGroups(queue, [name]);
        return groups.TryGetValue((queue, name), out known) ? known : MakeGroup(queue, name);
    }

    /// <summary>The group of that number.</summary>
    public GroupEntry Group(long id)
    {
        if (!groupsById.TryGetValue(id, out var known))
        {
            LoadGroups([id]);
            known = groupsById[id];
        }
        return known;
    }

    /// <summary>Reads groups by their numbers in one round trip.</summary>
    public void LoadGroups(IEnumerable<long> ids)
    {
        long[] unknown = [.. ids.Where(id => !groupsById.ContainsKey(id)).Distinct()];
        if (unknown.Length > 0)
        {
            var rows = statements["groups"].Add(unknown).Ahead();
            LearnGroups(rows, statements["lanes_of"].Add(unknown).Ahead());
        }
    }

    /// <summary>Reads groups of a queue by their names in one round trip; those that do not exist are not made.</summary>
    public void LoadGroups(long queue, IEnumerable<string> names)
    {
        string[] unknown = [.. names.Where(name => !groups.ContainsKey((queue, name))).Distinct(StringComparer.Ordinal)];
        if (unknown.Length > 0)
        {
            var rows = statements["groups_named"].Add(queue).Add(unknown).Ahead();
            LearnGroups(rows, statements["lanes_named"].Add(queue).Add(unknown).Ahead());
        }
    }

    /// <summary>Takes groups and their lanes as they were asked; what this operation knows already is newer.</summary>
    public void LearnGroups(Statement rows, Statement lanes)
    {
        var read = new HashSet<long>();
        while (rows.Step())
        {
            if (!groupsById.ContainsKey(rows.Long(0)))
            {
                read.Add(Remember(GroupEntry.Read(rows)).Id);
            }
        }
        while (lanes.Step())
        {
            if (read.Contains(lanes.Long(5)))
            {
                groupsById[lanes.Long(5)].Learn(lanes);
            }
        }
    }

    /// <summary>Whether a queue has a group of that name.</summary>
    public bool HasGroup(long queue, string name) => groups.ContainsKey((queue, name)) || statements["find_group"].Add(queue).Add(name).Any();

    /// <summary>The group of a job that has one.</summary>
    public GroupEntry GroupOf(in Place place) => Group(place.Queue, place.Group ?? JobRowOf(place.Job).Group ?? "");

    /// <summary>A job of the group is ready.</summary>
    public void JoinGroup(in Place place)
    {
        var group = GroupOf(place);
        statements.Later("add_grouped").Add(group.Id).Add(place.Kind).Add(place.Priority).Add(place.Job).Add(place.MaybeBatch)
            .Add((long)place.Flags).Add(place.Attempt).Add(place.Fence).Add(place.Lost).Add(place.Since).End();
        Join(group, place.Kind, 1);
    }

    /// <summary>So many ready jobs of that kind more.</summary>
    private void Join(GroupEntry group, long kind, long count)
    {
        group.LaneOf(kind).Ready += count;
        group.Ready += count;
        if (group.Ready == count)
        {
            group.State.Tag = FairQueue.Returned(group.State.Tag, Facts(group.Queue).FairClock);
            Reconsider(group);
        }
        group.Changed = true;
    }

    /// <summary>A ready job of the group is ready no longer, although nobody took it.</summary>
    public void LeaveGroup(in Place place)
    {
        var group = GroupOf(place);
        statements.Gone("remove_grouped").Add(group.Id).Add(place.Kind).Add(place.Priority).Add(place.Job).End();
        TakeOut(group, place.Kind);
        Reconsider(group);
    }

    /// <summary>One ready job of that kind less.</summary>
    public static void TakeOut(GroupEntry group, long kind)
    {
        group.LaneOf(kind).Ready--;
        group.Ready--;
        group.Changed = true;
    }

    /// <summary>What an attempt of that kind will take, as far as anybody knows.</summary>
    public double Estimate(GroupEntry group, long kind) => group.LaneOf(kind).Estimate ?? LineEstimate(group.Queue, kind) ?? FairQueue.Unknown;

    /// <summary>An attempt of the group was started: its estimate is charged.</summary>
    /// <returns>What was charged.</returns>
    public double Charge(GroupEntry group, long kind)
    {
        var known = Facts(group.Queue);
        var estimate = Estimate(group, kind);
        (known.FairClock, known.FairChanged) = (group.State.Tag, true);
        group.State.Tag = FairQueue.Charged(group.State.Tag, estimate, WeightOf(group));
        group.State.InFlight++;
        Reconsider(group);
        return estimate;
    }

    /// <summary>An attempt is over: what was charged for it is corrected, the breaker hears of it, and its place is free unless its code goes on.</summary>
    private void SettleGroup(in RunningJob job, in AttemptEnd end)
    {
        if (job.Group == 0)
        {
            return;
        }
        var group = Group(job.Group);
        var ran = Math.Max(0, end.EndedAt - end.StartedAt) / 1e6;
        Correct(group, job.Charged, ran);
        group.State.Served += ran;
        if (end.Verdict is { } well)
        {
            Learn(group, JobRowOf(job.Place.Job).Kind, ran);
            Judge(group, well);
        }
        if (end.Abandoned)
        {
            Reconsider(group);
            return;
        }
        LeaveFlight(group, job.Place.Flags.HasFlag(JobFlags.Holds));
    }

    /// <summary>
    /// What was charged becomes what it took. Virtual time is not ahead of a group that can go next: what was charged too much at its
    /// starts had moved it on, and newcomers would wait until the group has had that much.
    /// </summary>
    private void Correct(GroupEntry group, double charged, double ran)
    {
        if (charged < 0)
        {
            return;
        }
        var known = Facts(group.Queue);
        group.State.Tag = FairQueue.Charged(group.State.Tag, ran - charged, WeightOf(group));
        if (group.InReach && group.State.Tag < known.FairClock)
        {
            (known.FairClock, known.FairChanged) = (group.State.Tag, true);
        }
    }

    /// <summary>One attempt of the group less is in flight: what it kept out may be claimed.</summary>
    private void LeaveFlight(GroupEntry group, bool held)
    {
        var before = (group.Block?.Cause, group.Block?.Key, group.WakeAt);
        group.State.InFlight--;
        // A permit it held may have been what the group itself lacked.
        group.State.Held = held ? null : group.State.Held;
        Reconsider(group);
        // An end that blocked nobody wakes nobody.
        var changed = before != (group.Block?.Cause, group.Block?.Key, group.WakeAt);
        Signal(changed && group.Ready > 0 ? Storage.StoreSignals.Work : Storage.StoreSignals.None);
    }

    /// <summary>What running attempts take beyond their estimates is charged while they run: hung work is not free.</summary>
    public void ChargeOverruns(long node)
    {
        var running = new List<(long Job, long Group, double Charged, double Ran)>();
        var row = statements["overrunning"].Add(node).Add(Now);
        while (row.Step())
        {
            running.Add((row.Long(0), row.Long(1), row.Double(2), row.Double(3)));
        }
        LoadGroups(running.Select(static attempt => attempt.Group));
        foreach (var (job, id, charged, ran) in running)
        {
            var group = Group(id);
            group.State.Tag = FairQueue.Charged(group.State.Tag, ran - charged, WeightOf(group));
            group.Changed = true;
            statements["set_charged"].Add(node).Add(job).Add(ran).Run();
        }
    }

    /// <summary>Groups whose time has come are in reach again, whenever somebody looks.</summary>
    public void WakeGroups(List<long> due)
    {
        LoadGroups(due);
        due.ForEach(id => Reconsider(Group(id)));
        WriteGroups();
    }

    /// <summary>The first of a queue's groups whose blocks are over.</summary>
    public List<long> GroupsToWake(long queue) => Ids(statements["groups_to_wake"].Add(queue).Add(Now));

    /// <summary>Whether this operation knows a group: then its table may be behind.</summary>
    public bool Knows(long group) => groupsById.ContainsKey(group);

    /// <summary>When the next block of a group that this operation knows is over.</summary>
    public long? NextWake(long queue) => groupsById.Values.Where(group => group.Queue == queue).Min(static group => group.WakeAt);

    /// <summary>What keeps groups back by their own limits has changed: they are looked at anew.</summary>
    /// <param name="key">Of which limit and group; null for all.</param>
    public void WakeHeld(string? key)
    {
        WriteGroups();
        var held = Ids(statements["groups_held"].Add(key));
        LoadGroups(held);
        foreach (var group in held.ConvertAll(Group))
        {
            group.State.Held = null;
            Reconsider(group);
        }
        Signal(Storage.StoreSignals.Work);
    }

    /// <summary>All groups of a queue, after what its nodes agree on has changed.</summary>
    public void ReconsiderAll(long queue)
    {
        var all = Ids(statements["group_ids"].Add(queue));
        LoadGroups(all);
        all.ForEach(id => Reconsider(Group(id)));
    }

    /// <summary>Puts the group where it belongs: in reach, out of it, or among those that wait for a time; and records what blocks it.</summary>
    public void Reconsider(GroupEntry group)
    {
        group.Changed = true;
        var block = group.IsUngrouped || group.Ready == 0 ? null
            : group.State.Blocked(Facts(group.Queue).Definition, QueueName(group.Queue), group.Name, Time);
        group.WakeAt = Moment.Of(block?.Until);
        if (group.Block is not null && block is null)
        {
            // Nobody saves up for later while he is blocked, either.
            group.State.Tag = FairQueue.Returned(group.State.Tag, Facts(group.Queue).FairClock);
        }
        group.InReach = block is null && group.Ready > 0;
        if (group.Block is { } last && (last.Cause, last.Key) != (block?.Cause, block?.Key))
        {
            CloseBlock(group.Queue, last.Cause, last.Key);
        }
        if (block is { } begun && (begun.Cause, begun.Key) != (group.Block?.Cause, group.Block?.Key))
        {
            OpenBlock(group.Queue, begun.Cause, begun.Key);
        }
        group.Block = block;
    }

    /// <summary>Writes what has changed; a claim does it before it looks at the order, and each operation at its end.</summary>
    public void WriteGroups()
    {
        var (rows, lanes) = (new Rows(), new Rows());
        foreach (var group in groups.Values)
        {
            if (group.Changed)
            {
                Write(group, rows, lanes);
                group.Changed = false;
            }
        }
        Run("write_groups", rows);
        Run("write_lanes", lanes);
        WriteEstimates();
    }

    /// <summary>A group's row is gone.</summary>
    public void ForgetGroup(long id, long queue)
    {
        statements["forget_lanes"].Add(id).Run();
        statements["forget_group"].Add(id).Run();
        statements["count_group"].Add(queue).Add(-1L).Run();
    }

    private void ForgetGroups()
    {
        groups.Clear();
        groupsById.Clear();
    }

    private GroupEntry MakeGroup(long queue, string name)
    {
        var known = Facts(queue);
        var id = statements["add_group"].Add(queue).Add(name).Add(known.FairClock).Number()!.Value;
        statements["count_group"].Add(queue).Add(1L).Run();
        known.HasGroups = true;
        var made = new GroupEntry(id, queue, name) { State = { Tag = known.FairClock } };
        return Remember(made);
    }

    private GroupEntry Remember(GroupEntry entry)
    {
        groups.Add((entry.Queue, entry.Name), entry);
        groupsById.Add(entry.Id, entry);
        return entry;
    }

    private static void Write(GroupEntry group, Rows rows, Rows lanes)
    {
        var state = group.State;
        rows.Add(group.Id).Add(state.Tag).Add(group.Ready).Add(state.InFlight).Add(group.InReach ? 1 : 0).Add(state.Paused ? 1 : 0)
            .Add(state.Breaker.IsOpen ? 1 : state.Breaker.Failures > 0 ? 2 : 0).Add(BreakerText.Write(state.Breaker)).Add(Moment.Of(state.Held?.Until) ?? 0).Add(state.Held?.Key)
            .Add(group.WakeAt).Add((long?)group.Block?.Cause).Add(group.Block?.Key).Add(state.Served).Add(state.Slow).Add((long?)state.Held?.Cause).End();
        foreach (var (kind, lane) in group.Lanes)
        {
            var now = (lane.Ready, state.Tag, group.InReach && lane.Ready > 0, lane.Estimate);
            if (lane.Written != now)
            {
                lanes.Add(group.Id).Add(kind).Add(group.Queue).Add(now.Ready).Add(now.Tag).Add(now.Item3 ? 1 : 0).Add(now.Estimate).End();
                lane.Written = now;
            }
        }
    }

    private void Learn(GroupEntry group, long kind, double seconds)
    {
        var lane = group.LaneOf(kind);
        lane.Estimate = FairQueue.Learned(lane.Estimate ?? -1, seconds);
        EstimatesOf(group.Queue)[kind] = FairQueue.Learned(LineEstimate(group.Queue, kind) ?? -1, seconds);
        learned.Add((group.Queue, kind));
        group.State.Slow += seconds > (Facts(group.Queue).Definition?.SlowAfter?.TotalSeconds ?? double.MaxValue) ? 1 : 0;
    }

    /// <summary>When more than half of all groups fail, the queue's own breaker opens instead of theirs.</summary>
    private void Judge(GroupEntry group, bool well)
    {
        if (group.IsUngrouped)
        {
            return;
        }
        var known = Facts(group.Queue);
        if (well && known.Outage.IsOpen && !(known.Outage.OpenUntil > Time))
        {
            (known.Outage, known.FairChanged) = (default, true);
        }
        var state = group.State.Breaker;
        if (known.Definition?.Breaker is not { } policy)
        {
            // Opened by hand where there is no policy: it is over when its time is.
            group.State.Breaker = state.OpenUntil > Time ? state : default;
            return;
        }
        state = well ? state.Succeeded(Time) : state.Failed(policy, Time);
        if (state.MustOpen(policy))
        {
            WriteGroups();
            var (open, keys) = (statements["open_groups"].Add(group.Queue).Number() ?? 0, statements["active_groups"].Add(group.Queue).Number() ?? 0);
            if (BreakerState.MayQuarantine((int)open, (int)keys))
            {
                state = state.Opened(policy, Time);
            }
            else if (!(known.Outage.OpenUntil > Time))
            {
                (known.Outage, known.FairChanged) = (known.Outage.Opened(policy, Time), true);
            }
        }
        group.State.Breaker = state;
    }

    private double WeightOf(GroupEntry group) => Facts(group.Queue).Definition?.WeightOf(group.IsUngrouped ? null : group.Name) ?? 1;

    private double? LineEstimate(long queue, long kind) => EstimatesOf(queue).TryGetValue(kind, out var seconds) ? seconds : null;

    private Dictionary<long, double> EstimatesOf(long queue)
    {
        if (!estimates.ContainsKey(queue))
        {
            LearnEstimates([queue], statements["line_estimates"].Add([queue]));
        }
        return estimates[queue];
    }

    /// <summary>Takes what <c>line_estimates</c> answered for these queues.</summary>
    public void LearnEstimates(IEnumerable<long> asked, Statement row)
    {
        HashSet<long> missing = [.. asked.Where(queue => estimates.TryAdd(queue, []))];
        while (row.Step())
        {
            if (missing.Contains(row.Long(0)))
            {
                estimates[row.Long(0)][row.Long(1)] = row.Double(2);
            }
        }
    }

    private void WriteEstimates()
    {
        var rows = new Rows();
        foreach (var (queue, kind) in learned)
        {
            rows.Add(queue).Add(kind).Add(estimates[queue][kind]).End();
        }
        learned.Clear();
        Run("set_line_estimates", rows);
    }

    private static List<long> Ids(Statement row)
    {
        var ids = new List<long>();
        while (row.Step())
        {
            ids.Add(row.Long(0));
        }
        return ids;
    }
}
