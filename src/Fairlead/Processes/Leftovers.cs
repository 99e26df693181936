using System.Globalization;

namespace Fairlead.Processes;

/// <summary>
/// Ends what is left of nodes that were killed in the same instant as their wardens. A mark says which node it is of, so that nothing of a node
/// that lives is touched; nor is anything first seen with another user, or in another container, whose nodes cannot be seen from here.
/// </summary>
internal static class Leftovers
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_patienceWithWardens = TimeSpan.FromSeconds(1);

    /// <summary>Ends them, and waits until they are gone, at most 2 s.</summary>
    /// <param name="byEnvironment">True where processes carry no other marks than those in their environment.</param>
    /// <param name="time">The clock.</param>
    internal static void End(bool byEnvironment, TimeProvider time)
    {
        if (!OperatingSystem.IsLinux() || !ShowsThisProcess())
        {
            return;
        }
        var began = time.GetTimestamp();
        var wardens = OfTheDead(byEnvironment);
        while (wardens.Exists(static warden => warden.IsThere) && time.GetElapsedTime(began) < s_patienceWithWardens)
        {
            // Its node died alone: it is at it, and sees more than can be seen from here.
            Libc.Pause(10);
            wardens = OfTheDead(byEnvironment);
        }
        foreach (var (warden, _) in wardens)
        {
            TreeEnder.EndAll(warden, time, s_patience - time.GetElapsedTime(began));
        }
    }

    /// <summary>The wardens of dead nodes of which something is left.</summary>
    private static List<(JobMark Mark, bool IsThere)> OfTheDead(bool byEnvironment)
    {
        var table = new Dictionary<int, ProcessLine>();
        ProcessTable.Read(table);
        var found = Marks(table, byEnvironment);
        var spared = Ancestors(table).Select(pid => MarkOf(table[pid], byEnvironment)?.Warden).ToHashSet();
        found.RemoveAll(one => spared.Contains(one.Mark.Warden));
        RemoveLiving(found, table);
        if (found.Count > 0)
        {
            // A table is not read in an instant: whose program is in it may itself have come too late for it. The next one shows it.
            ProcessTable.Read(table);
            RemoveLiving(found, table);
        }
        found.RemoveAll(static one => !IsOurs(one.Pid));
        return [.. found.GroupBy(static one => one.Mark.Warden, static (warden, of) => (warden, of.Any(one => one.Mark == warden)))];
    }

    private static List<(int Pid, JobMark Mark)> Marks(Dictionary<int, ProcessLine> table, bool byEnvironment)
    {
        var found = new List<(int, JobMark)>();
        foreach (var line in table.Values)
        {
            if (line.Pid != Environment.ProcessId && MarkOf(line, byEnvironment) is { } mark)
            {
                found.Add((line.Pid, mark));
            }
        }
        return found;
    }

    /// <summary>The environment counts only where there is nothing better: people copy it, to try a program by hand.</summary>
    private static JobMark? MarkOf(in ProcessLine line, bool byEnvironment) =>
        line.Mark ?? (byEnvironment ? ProcessTable.MarkInEnvironment(line.Pid) : null);

    /// <summary>A node that a leftover started is no leftover: it is this one.</summary>
    private static IEnumerable<int> Ancestors(Dictionary<int, ProcessLine> table)
    {
        for (var pid = Environment.ProcessId; table.TryGetValue(pid, out var line); pid = line.Parent)
        {
            yield return pid;
        }
    }

    private static void RemoveLiving(List<(int Pid, JobMark Mark)> found, Dictionary<int, ProcessLine> table)
    {
        var living = table.Values.Select(static line => JobMark.NodeOf(line.Pid, line.Started)).ToHashSet();
        found.RemoveAll(one => living.Contains(one.Mark.Node));
    }

    /// <summary>False where /proc counts processes otherwise than this process does.</summary>
    private static bool ShowsThisProcess() =>
        new FileInfo("/proc/self").LinkTarget == Environment.ProcessId.ToString(CultureInfo.InvariantCulture) && Namespace("self", "pid") is not null;

    private static bool IsOurs(int pid)
    {
        var name = pid.ToString(CultureInfo.InvariantCulture);
        return Namespace(name, "pid") == Namespace("self", "pid") && Namespace(name, "time") == Namespace("self", "time") && Users(name) == Users("self");
    }

    /// <summary>Null when it cannot be seen, or there are none of the kind.</summary>
    private static string? Namespace(string pid, string kind) => new FileInfo($"/proc/{pid}/ns/{kind}").LinkTarget;

    /// <summary>Its real, effective, saved and file system's user.</summary>
    private static string Users(string pid)
    {
        try
        {
            return File.ReadLines($"/proc/{pid}/status").First(static line => line.StartsWith("Uid:", StringComparison.Ordinal));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return "gone";
        }
    }
}
