namespace Fairlead.Processes;

/// <summary>What the kernel handed to the warden because its own parent ended first: the only way in which anything can outlive its program.</summary>
internal sealed class Orphans
{
    private readonly HashSet<JobMark> _ended = [];

    /// <summary>Must be made on the thread that asks, the process's first: it is the one orphans are handed to.</summary>
    internal Orphans() => IsExact = Libc.BecomeSubreaper() && IsFirstThread();

    /// <summary>True when this system hands orphans over, and says exactly whether there are any.</summary>
    internal bool IsExact { get; }

    /// <summary>
    /// Reaps those that have ended; true when others are left, or when the system cannot say. False is exact: a program's orphans are
    /// handed over before its own end can be seen.
    /// </summary>
    internal unsafe bool Any()
    {
        if (!IsExact)
        {
            return true;
        }
        int pid, status;
        while ((pid = Libc.EndedChildOfThread()) > 0)
        {
            if (JobMark.Of(pid) is { } mark)
            {
                _ended.Add(mark);
            }
            Libc.WaitPid(pid, &status, Libc.WNOHANG | Libc.WNOTHREAD | Libc.WALL);
        }
        return pid == 0;
    }

    /// <summary>
    /// True when one of this job's was reaped since <see cref="Forget" />. A look around that finds nobody, with nobody reaped during it, proves
    /// that nobody was there when it began: whoever was has either been seen, or has ended and been handed over.
    /// </summary>
    internal bool Reaped(JobMark mark) => _ended.Contains(mark);

    internal void Forget(JobMark mark) => _ended.Remove(mark);

    private static bool IsFirstThread()
    {
        try
        {
            return Libc.GetTid() == Libc.GetPid();
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }
}
