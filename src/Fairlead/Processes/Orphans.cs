namespace Fairlead.Processes;

/// <summary>What the kernel handed to the warden because its own parent ended first: the only way in which anything can outlive its program.</summary>
internal sealed class Orphans
{
    private readonly bool _isExact;

    /// <summary>Must be made on the thread that asks, the process's first: it is the one orphans are handed to.</summary>
    internal Orphans() => _isExact = Libc.BecomeSubreaper() && IsFirstThread();

    /// <summary>
    /// Reaps those that have ended; true when others are left, or when the system cannot say. False is exact: a program's orphans are
    /// handed over before its own end can be seen.
    /// </summary>
    internal unsafe bool Any()
    {
        if (!_isExact)
        {
            return true;
        }
        int status, pid;
        do
        {
            pid = Libc.WaitPid(-1, &status, Libc.WNOHANG | Libc.WNOTHREAD | Libc.WALL);
        }
        while (pid > 0 || (pid < 0 && Libc.LastError == Libc.EINTR));
        return pid == 0;
    }

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
