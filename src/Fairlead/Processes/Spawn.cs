using System.Runtime.InteropServices;

namespace Fairlead.Processes;

/// <summary>
/// Starts processes with <c>posix_spawn</c>: each in a session and process group of its own, with default signals and an empty
/// mask (.NET ignores SIGPIPE, and a program that inherits that writes into closed pipes for ever), and no descriptor but its three.
/// </summary>
internal static unsafe partial class Spawn
{
    // posix_spawnattr_t is 336 bytes on glibc and musl, posix_spawn_file_actions_t 80, sigset_t 128; pointers on macOS.
    private const int Opaque = 1024;
    private const short SetSignalDefaults = 4, SetSignalMask = 8;
    private static readonly byte* s_attributes = MakeAttributes();

    private static short NewSession => (short)(OperatingSystem.IsMacOS() ? 0x400 | 0x4000 : 0x80);

    /// <summary>Starts it; 0 and its process id, or the system's error number.</summary>
    internal static int Start(SpawnPlan plan, out int pid)
    {
        var actions = stackalloc byte[Opaque];
        InitActions(actions);
        try
        {
            Connect(actions, plan);
            int started;
            var error = SpawnP(&started, plan.Arguments[0], actions, s_attributes, plan.Arguments, plan.Environment);
            pid = error == 0 ? started : 0;
            return error;
        }
        finally
        {
            DestroyActions(actions);
        }
    }

    private static void Connect(byte* actions, SpawnPlan plan)
    {
        AddDup2(actions, plan.InputFd, 0);
        AddDup2(actions, plan.OutputFd, 1);
        if (plan.ErrorFd >= 0)
        {
            AddDup2(actions, plan.ErrorFd, 2);
        }
        else if (OperatingSystem.IsMacOS())
        {
            AddInherit(actions, 2);
        }
        if (plan.Directory != null)
        {
            AddChdir(actions, plan.Directory);
        }
    }

    private static byte* MakeAttributes()
    {
        var attributes = (byte*)NativeMemory.AllocZeroed(Opaque);
        var signals = stackalloc byte[Opaque];
        InitAttributes(attributes);
        SetFlags(attributes, (short)(NewSession | SetSignalDefaults | SetSignalMask));
        SigFillSet(signals);
        SetDefaults(attributes, signals);
        SigEmptySet(signals);
        SetMask(attributes, signals);
        return attributes;
    }

    [LibraryImport("libc", EntryPoint = "posix_spawnp")]
    private static partial int SpawnP(int* pid, byte* file, byte* actions, byte* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int InitAttributes(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int SetFlags(byte* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial int SetDefaults(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial int SetMask(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "sigfillset")]
    private static partial int SigFillSet(byte* signals);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    private static partial int SigEmptySet(byte* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int InitActions(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int DestroyActions(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int AddDup2(byte* actions, int fd, int target);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addinherit_np")]
    private static partial int AddInherit(byte* actions, int fd);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addchdir_np")]
    private static partial int AddChdir(byte* actions, byte* directory);
}
