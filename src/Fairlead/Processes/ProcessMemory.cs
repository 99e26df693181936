namespace Fairlead.Processes;

/// <summary>What programs hold in memory, with all that they started and that stayed in their group or session.</summary>
internal static class ProcessMemory
{
    /// <summary>
    /// Resident memory in bytes of each that lives. Pages that several processes share count for each of them. Outside Linux nothing is known, and
    /// none is named.
    /// </summary>
    /// <param name="pids">Programs as the warden starts them: each leads its own session.</param>
    internal static Dictionary<int, long> Of(IReadOnlyCollection<int> pids)
    {
        var sums = new Dictionary<int, long>(pids.Count);
        if (pids.Count == 0 || !OperatingSystem.IsLinux())
        {
            return sums;
        }
        var wanted = pids as IReadOnlySet<int> ?? pids.ToHashSet();
        foreach (var pid in ProcessTable.Pids())
        {
            if (ProcessTable.TryRead(pid, out var line) && OwnerOf(line, wanted) is var owner and > 0)
            {
                sums[owner] = sums.GetValueOrDefault(owner) + line.Resident;
            }
        }
        return sums;
    }

    private static int OwnerOf(in ProcessLine line, IReadOnlySet<int> wanted) =>
        wanted.Contains(line.Pid) ? line.Pid
        : wanted.Contains(line.Group) ? line.Group
        : wanted.Contains(line.Session) ? line.Session
        : 0;
}
