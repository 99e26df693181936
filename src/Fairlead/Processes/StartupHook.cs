using Fairlead.Processes;
using Fairlead.Processes.OwnProcess;

#pragma warning disable MA0047 // .NET looks for it outside every namespace

/// <summary>
/// Found by .NET under this very name when <c>DOTNET_STARTUP_HOOKS</c> names this library: so any program that uses Fairlead can be started
/// a second time as its own warden, or to run the handlers of one queue, without a line of its own for it.
/// </summary>
internal static class StartupHook
{
    internal const string Variable = "FAIRLEAD_WARDEN";

    /// <summary>Runs the warden in place of the program, or has it become a process of a queue, if that is what was asked for.</summary>
    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(Variable) == "1")
        {
            WardenProgram.Main([]);
        }
        // Made here, before anything of the program runs.
        _ = ChildProcess.Current;
    }
}
