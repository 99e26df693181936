using System.Runtime.InteropServices;
using System.Text;

namespace Fairlead.Processes;

/// <summary>
/// The system calls of the warden, as they are. Raw descriptors and one <c>poll</c> loop: nothing here allocates, and nothing
/// depends on <see cref="System.Diagnostics.Process" />, which reaps in its own way.
/// </summary>
internal static unsafe partial class Libc
{
    internal const int ENOENT = 2, ESRCH = 3, EINTR = 4, E2BIG = 7, ENOEXEC = 8, ECHILD = 10, ENOMEM = 12, EACCES = 13, ENOTDIR = 20, ENFILE = 23, EMFILE = 24;
    internal const int SIGHUP = 1, SIGINT = 2, SIGQUIT = 3, SIGKILL = 9, SIGTERM = 15, SIGPIPE = 13;
    internal const short POLLIN = 1, POLLOUT = 4, POLLERR = 8, POLLHUP = 16;
    internal const int WNOHANG = 1, WNOTHREAD = 0x2000_0000, WALL = 0x4000_0000;
    internal const int RLIMIT_LOCKS = 10;
    private const int F_SETFD = 2, F_SETFL = 4, FD_CLOEXEC = 1, PR_SET_CHILD_SUBREAPER = 36, SYS_pidfd_open = 434;
    private const string Name = "libc";

    internal static int EAGAIN { get; } = OperatingSystem.IsMacOS() ? 35 : 11;
    internal static int SIGCHLD { get; } = OperatingSystem.IsMacOS() ? 20 : 17;
    internal static int SIGSTOP { get; } = OperatingSystem.IsMacOS() ? 17 : 19;
    internal static int SIGCONT { get; } = OperatingSystem.IsMacOS() ? 19 : 18;
    private static int OpenCloseOnExec { get; } = OperatingSystem.IsMacOS() ? 0x100_0000 : 0x8_0000;
    private static int NonBlocking { get; } = OperatingSystem.IsMacOS() ? 4 : 0x800;

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollFd
    {
        internal int Fd;
        internal short Events;
        internal short Revents;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Limit
    {
        internal ulong Soft;
        internal ulong Hard;
    }

    internal static int LastError => Marshal.GetLastPInvokeError();

    [LibraryImport(Name, EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(int fd, byte* buffer, nint count);

    [LibraryImport(Name, EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(int fd, byte* buffer, nint count);

    [LibraryImport(Name, EntryPoint = "close")]
    internal static partial int Close(int fd);

    [LibraryImport(Name, EntryPoint = "dup2", SetLastError = true)]
    private static partial int Dup2(int from, int to);

    [LibraryImport(Name, EntryPoint = "poll", SetLastError = true)]
    internal static partial int Poll(PollFd* fds, nuint count, int timeout);

    [LibraryImport(Name, EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int pid, int signal);

    [LibraryImport(Name, EntryPoint = "waitpid", SetLastError = true)]
    internal static partial int WaitPid(int pid, int* status, int options);

    [LibraryImport(Name, EntryPoint = "signal", SetLastError = true)]
    internal static partial nint Signal(int signal, nint handler);

    [LibraryImport(Name, EntryPoint = "getpid")]
    internal static partial int GetPid();

    [LibraryImport(Name, EntryPoint = "gettid")]
    internal static partial int GetTid();

    [LibraryImport(Name, EntryPoint = "prlimit", SetLastError = true)]
    internal static partial int PrLimit(int pid, int resource, Limit* set, Limit* old);

    [LibraryImport(Name, EntryPoint = "_exit")]
    internal static partial void ExitNow(int code);

    [LibraryImport(Name, EntryPoint = "open", SetLastError = true)]
    private static partial int OpenFile(byte* path, int flags);

    [LibraryImport(Name, EntryPoint = "mkfifo", SetLastError = true)]
    private static partial int MkFifo(byte* path, uint mode);

    [LibraryImport(Name, EntryPoint = "pread", SetLastError = true)]
    internal static partial nint PRead(int fd, byte* buffer, nint count, long offset);

    [LibraryImport(Name, EntryPoint = "waitid", SetLastError = true)]
    private static partial int WaitId(int type, int id, byte* info, int options);

    [LibraryImport(Name, EntryPoint = "ioctl")]
    private static partial int IoCtl(int fd, nuint request, int* value);

    [LibraryImport(Name, EntryPoint = "pipe2", SetLastError = true)]
    private static partial int Pipe2(int* fds, int flags);

    [LibraryImport(Name, EntryPoint = "pipe", SetLastError = true)]
    private static partial int PlainPipe(int* fds);

    [LibraryImport(Name, EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(int fd, int command, nint argument);

    // Apple's arm64 passes variadic arguments on the stack: six arguments too many fill the registers before it.
    [LibraryImport(Name, EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FcntlApple(int fd, int command, nint r2, nint r3, nint r4, nint r5, nint r6, nint r7, nint argument);

    [LibraryImport(Name, EntryPoint = "prctl", SetLastError = true)]
    private static partial int PrCtl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport(Name, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Syscall(nint number, nint a, nint b);

    /// <summary>Makes this process the parent of every orphan below it; false where the system has no such thing.</summary>
    internal static bool BecomeSubreaper() => OperatingSystem.IsLinux() && PrCtl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;

    /// <summary>A descriptor that becomes readable when the process ends; -1 where there is none (before Linux 5.3, macOS).</summary>
    internal static int OpenPidFd(int pid) => OperatingSystem.IsLinux() ? (int)Syscall(SYS_pidfd_open, pid, 0) : -1;

    /// <summary>A pipe whose ends no child inherits; -1 twice when no descriptor is left.</summary>
    internal static (int Read, int Write) Pipe()
    {
        var fds = stackalloc int[2];
        const int closeOnExec = 0x80000;
        var made = OperatingSystem.IsLinux() ? Pipe2(fds, closeOnExec) : PlainPipe(fds);
        if (made != 0)
        {
            return (-1, -1);
        }
        if (!OperatingSystem.IsLinux())
        {
            Control(fds[0], F_SETFD, FD_CLOEXEC);
            Control(fds[1], F_SETFD, FD_CLOEXEC);
        }
        return (fds[0], fds[1]);
    }

    /// <summary>A pipe that others can open by its path; -1 twice when it cannot be had.</summary>
    internal static (int Read, int Write) NamedPipe(string path)
    {
        const uint ours = 0x180;
        var name = Encoding.UTF8.GetBytes(path + '\0');
        fixed (byte* start = name)
        {
            if (MkFifo(start, ours) != 0)
            {
                return (-1, -1);
            }
        }
        // In this order: without a reader no writer can open it.
        var read = OpenPipe(name, write: false);
        var write = read < 0 ? -1 : OpenPipe(name, write: true);
        if (write < 0)
        {
            Close(read);
            return (-1, -1);
        }
        return (read, write);
    }

    /// <summary>Opens one end of a pipe by its path, without waiting for the other; -1 when it cannot be had.</summary>
    internal static int OpenPipe(ReadOnlySpan<byte> path, bool write)
    {
        var fd = Open(path, write, NonBlocking);
        if (fd >= 0)
        {
            Control(fd, F_SETFL, 0);
        }
        return fd;
    }

    /// <summary>Opens a file of Linux's own file systems; -1 when it cannot be had.</summary>
    internal static int Open(ReadOnlySpan<byte> path, bool write = false, int more = 0)
    {
        const int readOnly = 0, writeOnly = 1;
        fixed (byte* start = path)
        {
            return OpenFile(start, (write ? writeOnly : readOnly) | OpenCloseOnExec | more);
        }
    }

    /// <summary>Another descriptor of the same file, above the standard ones, that no child inherits; -1 when there is none.</summary>
    internal static int Duplicate(int fd)
    {
        const int firstFree = 3;
        return Control(fd, OperatingSystem.IsMacOS() ? 67 : 1030, firstFree);
    }

    /// <summary>Makes <paramref name="to" /> another descriptor of the same file, which children inherit; -1 when it cannot be.</summary>
    internal static int Replace(int from, int to)
    {
        int result;
        do
        {
            result = Dup2(from, to);
        }
        while (result < 0 && LastError == EINTR);
        return result;
    }

    /// <summary>How many bytes wait in a pipe; 0 where that cannot be asked.</summary>
    internal static int Unread(int fd)
    {
        const int fionread = 0x541B;
        int count;
        return OperatingSystem.IsLinux() && IoCtl(fd, fionread, &count) == 0 ? count : 0;
    }

    /// <summary>Whether a child has ended; it stays a zombie, so that its number and its group's stay taken.</summary>
    internal static bool HasExited(int child)
    {
        const int byPid = 1, exited = 4, leave = 0x0100_0000, leaveApple = 0x20;
        var info = stackalloc byte[256];
        new Span<byte>(info, 256).Clear();
        var options = WNOHANG | exited | (OperatingSystem.IsMacOS() ? leaveApple : leave);
        return WaitId(byPid, child, info, options) != 0 || *(int*)info != 0;
    }

    /// <summary>A child of this thread alone that has ended and waits to be reaped; 0 when all live, -1 when there are none.</summary>
    internal static int EndedChildOfThread()
    {
        const int all = 0, exited = 4, leave = 0x0100_0000;
        var info = stackalloc byte[256];
        var pid = (int*)(info + (sizeof(nint) == 8 ? 16 : 12));
        *pid = 0;
        int result;
        do
        {
            result = WaitId(all, 0, info, WNOHANG | WNOTHREAD | WALL | exited | leave);
        }
        while (result != 0 && LastError == EINTR);
        return result == 0 ? *pid : -1;
    }

    /// <summary>For pipes: they have no other flag that this would take away.</summary>
    internal static void SetNonBlocking(int fd) => Control(fd, F_SETFL, NonBlocking);

    internal static void CloseOnExec(int fd) => Control(fd, F_SETFD, FD_CLOEXEC);

    private static int Control(int fd, int command, int argument) =>
        OperatingSystem.IsMacOS() ? FcntlApple(fd, command, 0, 0, 0, 0, 0, 0, argument) : Fcntl(fd, command, argument);

    /// <summary>Waits on the system's clock for as long as nothing else can be waited for: the end of a process that is nobody's child here.</summary>
    internal static void Pause(int milliseconds) => Poll(null, 0, milliseconds);

    /// <summary>Waits until nobody has the other end of a pipe open for reading any more.</summary>
    internal static void WaitUntilUnread(int pipe)
    {
        // POLLERR is told without being asked for.
        var end = new PollFd { Fd = pipe };
        while (Poll(&end, 1, -1) < 0 && LastError == EINTR)
        {
        }
    }

    /// <summary>Reads until there is something, the end, or an error; a signal in between is nothing.</summary>
    internal static nint ReadAgain(int fd, byte* buffer, nint count)
    {
        nint read;
        do
        {
            read = Read(fd, buffer, count);
        }
        while (read < 0 && LastError == EINTR);
        return read;
    }

    /// <summary>Writes what fits; -1 when nothing did, see <see cref="LastError" />.</summary>
    internal static nint WriteAgain(int fd, byte* buffer, nint count)
    {
        nint written;
        do
        {
            written = Write(fd, buffer, count);
        }
        while (written < 0 && LastError == EINTR);
        return written;
    }

    internal static string Describe(int error) => Marshal.GetPInvokeErrorMessage(error);
}
