using System.Reflection;
using Fairlead.Engine;
using Fairlead.Processes.Pools;

namespace Fairlead.Processes.OwnProcess;

/// <summary>The command line and environment by which a program is started again to run one queue's handlers.</summary>
internal static class OwnProcessCommand
{
    /// <summary>The environment variable that names the queue.</summary>
    public const string Variable = "FAIRLEAD_OWN_PROCESS";

    /// <summary>What a process says when it has come to its jobs.</summary>
    public static ReadOnlySpan<byte> Ready => "{\"ready\":true}"u8;

    private const string Hooks = "DOTNET_STARTUP_HOOKS";

    /// <summary>The pool of a queue.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="options">How many, for how long.</param>
    /// <param name="standing">The node that runs it.</param>
    /// <exception cref="InvalidOperationException">The running program cannot be started again like this: it is one single file, or hosted by another.</exception>
    public static PoolOptions Pool(string queue, ProcessOptions options, NodeStanding standing) => new()
    {
        Run = Self(queue),
        Environment = EnvironmentFor(queue, options),
        Protocol = PoolProtocol.Stream,
        ToOwnProgram = (line, attempt) => HostLine.WriteExtras(line, attempt.Job, standing),
        Prefetch = options.Prefetch,
        MaxPerNode = options.MaxPerNode,
        MaxRuntime = options.MaxRuntime,
        MaxJobs = options.MaxJobs,
        MaxMemory = options.MaxMemory,
        IdleTimeout = options.IdleTimeout,
        Spares = options.Spares,
        Cooldown = options.Cooldown,
    };

    /// <summary>The variables that make a started program a child of a queue.</summary>
    public static Dictionary<string, string> EnvironmentFor(string queue, ProcessOptions options)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["DOTNET_gcServer"] = "0",
        };
        foreach (var (name, value) in options.Environment)
        {
            variables[name] = value;
        }
        variables[Variable] = queue;
        variables[Hooks] = WithOurs(variables.GetValueOrDefault(Hooks) ?? Environment.GetEnvironmentVariable(Hooks));
        return variables;
    }

    /// <summary>What a child starts itself is no child of the queue: takes from its environment what made it one.</summary>
    public static void Forget()
    {
        Environment.SetEnvironmentVariable(Variable, null);
        var others = Environment.GetEnvironmentVariable(Hooks)?.Split(Path.PathSeparator).Where(static hook => hook != WardenCommand.HookPath);
        Environment.SetEnvironmentVariable(Hooks, others is null ? null : string.Join(Path.PathSeparator, others) is { Length: > 0 } left ? left : null);
    }

    /// <summary>Ours comes first: whatever the others print must not get among what the host reads.</summary>
    private static string WithOurs(string? others) =>
        string.IsNullOrEmpty(others) ? WardenCommand.HookPath : $"{WardenCommand.HookPath}{Path.PathSeparator}{others}";

    /// <summary>The running program once more, with the arguments it was given: its <c>Main</c> may set up its host by them.</summary>
    private static string[] Self(string queue)
    {
        if (WardenCommand.HookPath.Length == 0 || string.IsNullOrEmpty(Assembly.GetEntryAssembly()?.Location))
        {
            throw new InvalidOperationException(
                $"Queue '{queue}': RunInOwnProcess starts this program again, which cannot be done with one that is published as a single file or hosted by another. Publish it as a folder, or leave RunInOwnProcess out.");
        }
        return [.. WardenCommand.Self().Arguments, .. Environment.GetCommandLineArgs().Skip(1)];
    }
}
