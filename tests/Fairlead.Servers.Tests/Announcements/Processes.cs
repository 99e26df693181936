using System.Text;

namespace Fairlead.Servers.Tests.Announcements;

/// <summary>Processes as the kernel has them: nothing of what is tested is asked.</summary>
internal static class Processes
{
    /// <summary>The Python programs of that name that run in that folder, all of them at one moment.</summary>
    public static IReadOnlyList<int> Of(string folder, string program)
    {
        string[] found = [.. Directory.EnumerateDirectories("/proc").Select(static path => Path.GetFileName(path)).Where(pid => Is(pid, folder, program))];
        // Looking takes time: one that was seen first may have ended before another, in its place, was seen last. Those still there all were there now.
        return [.. found.Where(pid => Is(pid, folder, program) && !found.Contains(ParentOf(pid))).Select(int.Parse)];
    }

    private static bool Is(string pid, string folder, string program)
    {
        if (!char.IsAsciiDigit(pid[0]))
        {
            return false;
        }
        // A process that has ended and is not yet waited for has no command line left.
        var arguments = Read(pid, "cmdline").Split('\0');
        return arguments.Length > 1 && arguments[1] == program && Path.GetFileName(arguments[0]).StartsWith("python", StringComparison.Ordinal) && FolderOf(pid) == folder;
    }

    /// <summary>A worker that starts a program is there twice, until its child has become that program.</summary>
    private static string? ParentOf(string pid)
    {
        var stat = Read(pid, "stat");
        return stat.Length == 0 ? null : stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1];
    }

    private static string? FolderOf(string pid)
    {
        try
        {
            return File.ResolveLinkTarget($"/proc/{pid}/cwd", returnFinalTarget: false)?.FullName;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>What the kernel says of a process; nothing when it is gone.</summary>
    private static string Read(string pid, string file)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{pid}/{file}"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
