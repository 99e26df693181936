using System.Collections;

namespace Fairlead.Processes;

/// <summary>How a warden's process comes to be.</summary>
internal static class WardenLaunch
{
    /// <summary>Starts it, with a pipe each way.</summary>
    /// <exception cref="IOException">It could not be started.</exception>
    internal static (int Pid, int ToWarden, int FromWarden) Start(WardenCommand command, byte[][] environment)
    {
        var (input, output) = (Libc.Pipe(), Libc.Pipe());
        var variables = SpawnPlan.Encode([.. Tuning(command)]);
        using var plan = new SpawnPlan(new BaseEnvironment(environment), variables, SpawnPlan.Encode(command.Arguments), default)
        {
            InputFd = input.Read,
            OutputFd = output.Write,
            ErrorFd = -1,
        };
        var error = Spawn.Start(plan, out var pid);
        plan.CloseDescriptors();
        if (error == 0)
        {
            return (pid, input.Write, output.Read);
        }
        Libc.Close(input.Write);
        Libc.Close(output.Read);
        throw new IOException($"The warden could not be started. {Refusal.Explain(error, command.Arguments[0], "")}");
    }

    /// <summary>This process's environment, each <c>NAME=value</c>.</summary>
    internal static byte[][] NodeEnvironment()
    {
        var entries = new List<string>();
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            entries.Add($"{entry.Key}={entry.Value}");
        }
        return SpawnPlan.Encode(entries);
    }

    /// <summary>A warden is small and lives long: no second collector thread, no heap per core, no tiering by profile.</summary>
    private static IEnumerable<string> Tuning(WardenCommand command)
    {
        yield return "DOTNET_gcServer=0";
        yield return "DOTNET_gcConcurrent=0";
        yield return "DOTNET_GCHeapCount=1";
        yield return "DOTNET_TieredPGO=0";
        if (command.ByHook)
        {
            yield return $"DOTNET_STARTUP_HOOKS={WardenCommand.HookPath}";
            yield return $"{StartupHook.Variable}=1";
        }
    }
}
