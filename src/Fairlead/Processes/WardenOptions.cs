using System.Reflection;

namespace Fairlead.Processes;

/// <summary>How a node keeps its warden.</summary>
internal sealed record WardenOptions
{
    /// <summary>How the warden is started; null starts the running program again.</summary>
    public WardenCommand? Command { get; init; }

    /// <summary>
    /// How long the warden hears nothing from the node before it ends all its programs. Must be shorter than the lease the node
    /// holds in the store, so that they are dead before another node starts the work again. Default 6 s.
    /// </summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>
    /// True (the default) to go on after a program's end on the thread that heard of it: on two cores a pool thread woken for each costs a third
    /// of a short program's time. What follows must not block; a task scheduler of the caller's own is used all the same. False for a pool thread.
    /// </summary>
    public bool ContinueInline { get; init; } = true;

    /// <summary>
    /// True to lead conversations through named pipes in the folder for temporary files: the default but on Linux, where the warden finds the
    /// node's own in /proc.
    /// </summary>
    public bool NamedPipes { get; init; } = !OperatingSystem.IsLinux();

    /// <summary>The rung of the ladder to stand on; by default the highest there is.</summary>
    public Rung Rung { get; init; }
}

/// <summary>The command line of a warden.</summary>
/// <param name="Arguments">The program and its arguments.</param>
/// <param name="ByHook">
/// False when the program calls <see cref="WardenProgram.Main" /> for these arguments. True when it knows nothing of wardens: .NET is told to
/// run this library's <c>StartupHook</c> before the program's own start, which is never reached.
/// </param>
internal sealed record WardenCommand(IReadOnlyList<string> Arguments, bool ByHook)
{
    /// <summary>The running program once more.</summary>
    /// <exception cref="InvalidOperationException">The program cannot be started again like this: it is one single file, or hosted by another.</exception>
    internal static WardenCommand Self()
    {
        var program = Environment.ProcessPath;
        var assembly = Assembly.GetEntryAssembly()?.Location;
        if (program is null || string.IsNullOrEmpty(assembly) || HookPath.Length == 0)
        {
            throw new InvalidOperationException("This program cannot be started a second time as its own warden: it is published as a single file, or hosted by another. Name the 'fairlead' program as its warden.");
        }
        var isHost = Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        return new(isHost ? [program, assembly] : [program], ByHook: true);
    }

    /// <summary>Where this library lies; empty inside a single file.</summary>
    internal static string HookPath => typeof(StartupHook).Assembly.Location;
}
