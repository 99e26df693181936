using System.Runtime.InteropServices;

namespace Fairlead.Bench.Floors;

/// <summary>Programs started and waited for with nothing but <c>posix_spawn</c> and <c>waitpid</c>, one after the other.</summary>
internal static unsafe partial class BarePrograms
{
    /// <summary>The CPU time that one run takes, of this process and of the program.</summary>
    /// <param name="program">A full path; it gets no arguments and no environment.</param>
    /// <param name="runs">How many.</param>
    public static TimeSpan CpuOf(string program, int runs)
    {
        var path = Marshal.StringToCoTaskMemUTF8(program);
        var before = CpuTime.OfSelfAndReaped();
        for (var run = 0; run < runs; run++)
        {
            RunOnce((byte*)path);
        }
        var took = CpuTime.OfSelfAndReaped() - before;
        Marshal.FreeCoTaskMem(path);
        return took / runs;
    }

    private static void RunOnce(byte* path)
    {
        byte** arguments = stackalloc byte*[] { path, null };
        byte* none = null;
        int pid, status;
        var error = PosixSpawn(&pid, path, null, null, arguments, &none);
        if (error != 0 || WaitPid(pid, &status, 0) != pid || status != 0)
        {
            throw new InvalidOperationException($"Expected {Marshal.PtrToStringUTF8((nint)path)} to start and to exit with 0; posix_spawn said {error}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn")]
    private static partial int PosixSpawn(int* pid, byte* path, void* actions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitPid(int pid, int* status, int options);
}
