using System.Runtime.InteropServices;

namespace Fairlead.Processes;

/// <summary>
/// Says which process belongs to which job, and ends them. A process is a job's if, in this order, (1) it is the program itself,
/// (2) it carries the job's mark, (3) its parent is the job's, (4) the job's mark stands in its environment, (5) it is in a session in which
/// a process of the job was seen, (6) no other job was there when it was first seen. What is left is a stranger: an orphan that shed every sign of
/// where it came from. It is never ended while a job runs that may be its own, and always when the last of those has ended. So no job is harmed by its neighbour's end, and nothing
/// outlives the jobs it may belong to; with marks, (1) and (2) leave no strangers but those who took the mark off on purpose.
/// </summary>
internal sealed class TreeEnder(Rung rung, JobMark warden, Dictionary<ulong, Ward> wards, Action admit)
{
    private readonly Dictionary<int, ProcessLine> _table = [];
    private readonly Dictionary<int, Ward?> _owners = [];
    private readonly Dictionary<int, Stranger> _strangers = [];
    private readonly Dictionary<JobMark, Ward> _byMark = [];
    private readonly int _self = Libc.GetPid();

    private sealed record Stranger(long Started, HashSet<Ward> MayBelongTo);

    /// <summary>True when it can see more than process groups.</summary>
    internal bool SeesTrees => rung != Rung.Group;

    internal bool HasStrangers => _strangers.Count > 0;

    internal void Add(Ward ward) => _byMark.Add(ward.Mark, ward);

    /// <summary>Call it when a job has ended.</summary>
    internal void Remove(Ward ward)
    {
        _byMark.Remove(ward.Mark);
        foreach (var stranger in _strangers.Values)
        {
            stranger.MayBelongTo.Remove(ward);
        }
    }

    /// <summary>Sends SIGKILL to all of a job that lives; returns how many that was, its zombie not counted.</summary>
    internal int Kill(Ward ward)
    {
        var living = rung == Rung.Group ? 0 : KillTree(ward);
        ward.Pen?.Kill();
        Libc.Kill(-ward.Pid, Libc.SIGKILL);
        if (!ward.HasExited)
        {
            living += ward.Killed.Add(ward.Pid) || rung == Rung.Group ? 1 : 0;
        }
        return living;
    }

    /// <summary>True while a process of the job's own group lives.</summary>
    internal bool GroupLives(Ward ward)
    {
        if (rung == Rung.Group)
        {
            return false;
        }
        ProcessTable.Read(_table);
        foreach (var line in _table.Values)
        {
            if (line.Group == ward.Pid)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Ends what belongs to no running job; true when there was something, so that one has to look again.</summary>
    internal bool KillLeftovers()
    {
        if (rung == Rung.Group)
        {
            return false;
        }
        Attribute();
        var any = false;
        foreach (var (pid, line) in _table)
        {
            if (IsLeftover(line))
            {
                Libc.Kill(pid, Libc.SIGKILL);
                any = true;
            }
        }
        return any;
    }

    private int KillTree(Ward ward)
    {
        var living = rung >= Rung.Mark && KillMarked(ward) ? 1 : 0;
        Attribute();
        foreach (var (pid, owner) in _owners)
        {
            if (owner == ward)
            {
                living++;
                ward.Killed.Add(pid);
                Libc.Kill(pid, Libc.SIGKILL);
            }
        }
        return living;
    }

    /// <summary>Each as soon as it is seen: what forks and exits without end is gone by the time a table is complete. Stopped first, so that it stands still while it is looked at.</summary>
    private bool KillMarked(Ward ward)
    {
        var any = false;
        foreach (var pid in ProcessTable.Pids())
        {
            if (pid != _self && JobMark.Of(pid) == ward.Mark)
            {
                Libc.Kill(pid, Libc.SIGSTOP);
                any |= ProcessTable.TryRead(pid, out _) && ward.Killed.Add(pid);
                Libc.Kill(pid, Libc.SIGKILL);
            }
        }
        return any;
    }

    /// <summary>
    /// Ends what forks and leaves faster than /proc can be read, each process living for one step only: those are always among the numbers given
    /// last, which can be tried one by one in a fraction of such a step.
    /// </summary>
    internal bool KillYoungest(JobMark mark) => rung >= Rung.Mark && KillYoungest(mark, ofWarden: false);

    private static bool KillYoungest(JobMark mark, bool ofWarden)
    {
        const int sweeps = 20, reach = 64;
        var any = false;
        for (var i = 0; i < sweeps; i++)
        {
            var last = ProcessTable.LastPid();
            for (var pid = Math.Max(last - reach, 2); pid < last + reach; pid++)
            {
                if (JobMark.Of(pid) is { } found && (ofWarden ? found.IsOf(mark) : found == mark) && pid != Libc.GetPid())
                {
                    any |= ProcessTable.TryRead(pid, out _);
                    Libc.Kill(pid, Libc.SIGKILL);
                }
            }
        }
        return any;
    }

    private bool IsLeftover(in ProcessLine line)
    {
        if (line.Pid == _self || _owners.GetValueOrDefault(line.Pid) is not null)
        {
            return false;
        }
        return (rung >= Rung.Mark && line.Mark is { } mark && mark.IsOf(warden))
            || (_strangers.TryGetValue(line.Pid, out var stranger) && stranger.MayBelongTo.Count == 0);
    }

    private void Attribute()
    {
        ProcessTable.Read(_table);
        // After the table: whoever is in it was announced before.
        admit();
        _owners.Clear();
        foreach (var ward in wards.Values)
        {
            if (ward.IsStarted && _table.ContainsKey(ward.Pid))
            {
                _owners[ward.Pid] = ward;
            }
        }
        foreach (var pid in _table.Keys.ToArray())
        {
            if (OwnerOf(pid, 0) is { } owner)
            {
                owner.Sessions.Add(_table[pid].Session);
                Settle(pid, owner);
            }
        }
        ForgetTheDead();
    }

    private Ward? OwnerOf(int pid, int depth)
    {
        if (_owners.TryGetValue(pid, out var known))
        {
            return known;
        }
        if (pid == _self || depth > 4096 || !_table.TryGetValue(pid, out var line))
        {
            return null;
        }
        if (rung >= Rung.Mark && line.Mark is { } mark && _byMark.TryGetValue(mark, out var marked))
        {
            return _owners[pid] = marked;
        }
        if (line.Parent != _self && !_table.ContainsKey(line.Parent) && ProcessTable.TryRead(pid, out var again))
        {
            // Its parent ended while the table was read, and left it to somebody else.
            _table[pid] = line = again;
        }
        var owner = line.Parent == _self ? OwnerOfOrphan(line) : OwnerOf(line.Parent, depth + 1);
        if (owner is null && _strangers.TryGetValue(line.Parent, out var parent))
        {
            Meet(line, parent.MayBelongTo);
        }
        return _owners[pid] = owner;
    }

    private Ward? OwnerOfOrphan(in ProcessLine line)
    {
        if (ProcessTable.MarkInEnvironment(line.Pid) is { } mark && _byMark.TryGetValue(mark, out var tagged))
        {
            return tagged;
        }
        foreach (var ward in wards.Values)
        {
            if (ward.IsStarted && (line.Session == ward.Pid || ward.Sessions.Contains(line.Session)))
            {
                return ward;
            }
        }
        Meet(line, wards.Values);
        return _strangers[line.Pid].MayBelongTo is { Count: 1 } only ? only.Single() : null;
    }

    /// <summary>Whose it is once, it stays: jobs that start later are not asked.</summary>
    private void Settle(int pid, Ward owner)
    {
        if (_strangers.TryGetValue(pid, out var stranger))
        {
            stranger.MayBelongTo.Clear();
            stranger.MayBelongTo.Add(owner);
        }
    }

    /// <summary>Remembers a stranger: it may be anybody's who was there when it started.</summary>
    private void Meet(in ProcessLine line, IEnumerable<Ward> candidates)
    {
        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(_strangers, line.Pid, out _);
        if (known is null || known.Started != line.Started)
        {
            known = new Stranger(line.Started, [.. candidates]);
        }
    }

    private void ForgetTheDead()
    {
        foreach (var pid in _strangers.Keys.ToArray())
        {
            if (!_table.ContainsKey(pid))
            {
                _strangers.Remove(pid);
            }
        }
    }

    /// <summary>
    /// Ends every process that carries a mark of <paramref name="warden" />, for when it is dead and cannot: found by mark and environment
    /// until several looks around find none: orphans of a dead warden are handed to others, so nothing proves it. True when that was reached within <paramref name="patience" />.
    /// </summary>
    internal static bool EndAll(JobMark warden, TimeProvider time, TimeSpan patience)
    {
        const int enough = 5;
        var start = time.GetTimestamp();
        CgroupYard.EndAll(warden);
        for (var quiet = 0; quiet < enough; quiet++)
        {
            if (KillAllMarked(warden) | KillYoungest(warden, ofWarden: true))
            {
                quiet = 0;
            }
            if (time.GetElapsedTime(start) > patience)
            {
                return false;
            }
            Libc.Pause(1);
        }
        CgroupYard.EndAll(warden);
        return true;
    }

    /// <summary>Ends all of a warden's that forks and leaves; only when no job of it runs.</summary>
    internal void KillYoungestOfAll()
    {
        if (rung >= Rung.Mark)
        {
            KillYoungest(warden, ofWarden: true);
        }
    }

    private static bool KillAllMarked(JobMark warden)
    {
        var any = false;
        foreach (var pid in ProcessTable.Pids())
        {
            if (pid != Libc.GetPid() && ProcessTable.TryRead(pid, out var line)
                && (line.Mark ?? ProcessTable.MarkInEnvironment(pid))?.IsOf(warden) == true)
            {
                Libc.Kill(pid, Libc.SIGKILL);
                any = true;
            }
        }
        return any;
    }
}
