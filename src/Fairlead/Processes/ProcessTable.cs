using System.Buffers.Text;
using System.IO.Enumeration;

namespace Fairlead.Processes;

/// <summary>One line of the system's process table.</summary>
/// <param name="Pid">Its number.</param>
/// <param name="Parent">Its parent's.</param>
/// <param name="Group">Its process group's.</param>
/// <param name="Session">Its session's.</param>
/// <param name="Started">When it started, in the kernel's ticks since boot.</param>
/// <param name="Resident">How much of the machine's memory it holds, in bytes.</param>
/// <param name="Mark">Its mark, if it has one.</param>
internal readonly record struct ProcessLine(int Pid, int Parent, int Group, int Session, long Started, long Resident, JobMark? Mark);

/// <summary>The living processes of this machine (zombies are not), as far as /proc shows them.</summary>
internal static unsafe class ProcessTable
{
    private static readonly EnumerationOptions s_everything = new() { IgnoreInaccessible = true, AttributesToSkip = 0 };

    /// <summary>Reads them all into <paramref name="lines" />.</summary>
    internal static void Read(Dictionary<int, ProcessLine> lines)
    {
        lines.Clear();
        foreach (var pid in Pids())
        {
            if (TryRead(pid, out var line))
            {
                lines[pid] = line;
            }
        }
    }

    /// <summary>The numbers of all processes.</summary>
    internal static FileSystemEnumerable<int> Pids() => new(
        "/proc",
        static (ref FileSystemEntry entry) => int.Parse(entry.FileName),
        s_everything)
    {
        ShouldIncludePredicate = static (ref FileSystemEntry entry) => char.IsAsciiDigit(entry.FileName[0]),
    };

    /// <summary>The number that was given to a process last.</summary>
    internal static int LastPid()
    {
        Span<byte> buffer = stackalloc byte[128];
        var text = buffer[..ReadFile("/proc/loadavg\0"u8, buffer)].TrimEnd((byte)'\n');
        return Utf8Parser.TryParse(text[(text.LastIndexOf((byte)' ') + 1)..], out int pid, out _) ? pid : 0;
    }

    /// <summary>Reads one; false when it is gone or a zombie.</summary>
    internal static bool TryRead(int pid, out ProcessLine line)
    {
        line = default;
        Span<byte> buffer = stackalloc byte[1024];
        var length = ReadFile(pid, "/stat"u8, buffer);
        // The name, in parentheses, may hold anything, even parentheses: what follows the last one is numbers.
        var name = buffer[..length].LastIndexOf((byte)')');
        if (name < 0)
        {
            return false;
        }
        var rest = buffer[(name + 2)..length];
        if (rest[0] is (byte)'Z' or (byte)'X')
        {
            return false;
        }
        rest = rest[2..];
        var (parent, group, session) = ((int)Number(ref rest), (int)Number(ref rest), (int)Number(ref rest));
        var started = Nth(ref rest, 15);
        line = new(pid, parent, group, session, started, Nth(ref rest, 1) * System.Environment.SystemPageSize, JobMark.Of(pid));
        return true;
    }

    /// <summary>The mark in the environment a process was started with; none when it has put another environment in its place.</summary>
    internal static JobMark? MarkInEnvironment(int pid)
    {
        // The variable is always among the first: see SpawnPlan.
        Span<byte> buffer = stackalloc byte[16 * 1024];
        var environment = buffer[..ReadFile(pid, "/environ"u8, buffer)];
        var at = environment.IndexOf(JobMark.Assignment);
        return at >= 0 && Utf8Parser.TryParse(environment[(at + JobMark.Assignment.Length)..], out ulong value, out _, 'x') && new JobMark(value) is { IsValid: true } mark ? mark : null;
    }

    private static int ReadFile(int pid, ReadOnlySpan<byte> file, Span<byte> buffer)
    {
        Span<byte> path = stackalloc byte[48];
        "/proc/"u8.CopyTo(path);
        Utf8Formatter.TryFormat(pid, path[6..], out var digits);
        file.CopyTo(path[(6 + digits)..]);
        path[6 + digits + file.Length] = 0;
        return ReadFile(path, buffer);
    }

    private static int ReadFile(ReadOnlySpan<byte> path, Span<byte> buffer)
    {
        var fd = Libc.Open(path);
        if (fd < 0)
        {
            return 0;
        }
        var length = ReadAll(fd, buffer);
        Libc.Close(fd);
        return length;
    }

    private static int ReadAll(int fd, Span<byte> buffer)
    {
        var length = 0;
        fixed (byte* start = buffer)
        {
            nint read;
            while (length < buffer.Length && (read = Libc.ReadAgain(fd, start + length, buffer.Length - length)) > 0)
            {
                length += (int)read;
            }
        }
        return length;
    }

    private static long Number(ref Span<byte> text)
    {
        Utf8Parser.TryParse(text, out long value, out var used);
        text = text[Math.Min(used + 1, text.Length)..];
        return value;
    }

    private static long Nth(ref Span<byte> text, int skip)
    {
        for (; skip > 0; skip--)
        {
            text = text[(text.IndexOf((byte)' ') + 1)..];
        }
        return Number(ref text);
    }
}
