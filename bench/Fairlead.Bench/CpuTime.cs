using System.Globalization;

namespace Fairlead.Bench;

/// <summary>CPU time, user and system, from /proc; in ticks of 10 ms.</summary>
internal static class CpuTime
{
    private const int User = 11, ReapedSystem = 14, TicksPerSecond = 100;

    /// <summary>Of this process alone.</summary>
    public static TimeSpan OfSelf() => Environment.CpuUsage.TotalTime;

    /// <summary>Of this process, and of the children it has waited for.</summary>
    public static TimeSpan OfSelfAndReaped() => WithReaped(Environment.ProcessId);

    /// <summary>Of a process, and of the children it has waited for.</summary>
    public static TimeSpan WithReaped(int pid)
    {
        // What stands before the last parenthesis is the program's name, which may hold anything.
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromSeconds(fields[User..(ReapedSystem + 1)].Sum(static field => long.Parse(field, CultureInfo.InvariantCulture)) / (double)TicksPerSecond);
    }
}
