using System.Runtime.InteropServices;
using Fairlead.Storage;

namespace Fairlead.Sqlite;

/// <summary>
/// A file held with <c>flock</c>. The lock belongs to the open file, so the kernel lets it go when the process ends, however it ends;
/// it is closed on exec, so that worker processes never hold it on. On Windows the file is opened for this process alone instead.
/// </summary>
internal sealed partial class Flock : IDisposable
{
    private const int Exclusive = 2, NotWaiting = 4, Unlocked = 8, Interrupted = 4;

    private readonly FileStream? stream;
    private readonly int descriptor = -1;

    private Flock(FileStream? stream, int descriptor) => (this.stream, this.descriptor) = (stream, descriptor);

    /// <summary>Opens the file, making it when it is missing; nothing is locked yet.</summary>
    public static Flock Open(string path)
    {
        var opened = open(path, OpenFlags, 0x1B6 /* 0666 */);
        return opened >= 0 ? new(null, opened)
            : throw new StoreUnavailableException($"The lock file '{path}' cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    /// <summary>Takes the lock of a file at once; null when somebody holds it.</summary>
    public static Flock? TryTake(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return TryOpenAlone(path);
        }
        var file = Open(path);
        if (flock(file.descriptor, Exclusive | NotWaiting) == 0)
        {
            return file;
        }
        file.Dispose();
        return null;
    }

    /// <summary>Waits for the lock.</summary>
    public void Take()
    {
        while (flock(descriptor, Exclusive) != 0)
        {
            if (Marshal.GetLastPInvokeError() != Interrupted)
            {
                throw new StoreUnavailableException($"The writers' lock cannot be taken: {Marshal.GetLastPInvokeErrorMessage()}.");
            }
        }
    }

    public void Release() => _ = flock(descriptor, Unlocked);

    public void Dispose()
    {
        stream?.Dispose();
        if (descriptor >= 0)
        {
            _ = close(descriptor);
        }
    }

    // O_RDWR | O_CREAT | O_CLOEXEC
    private static int OpenFlags => OperatingSystem.IsMacOS() ? 0x2 | 0x200 | 0x1000000 : 0x2 | 0x40 | 0x80000;

    private static Flock? TryOpenAlone(string path)
    {
        try
        {
            return new(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None), -1);
        }
        catch (IOException)
        {
            return null;
        }
    }

#pragma warning disable IDE1006, SYSLIB1054 // The names of libc. open is variadic: the mode is the third word on every ABI .NET runs Linux on.
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(int descriptor, int operation);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);
#pragma warning restore IDE1006, SYSLIB1054
}
