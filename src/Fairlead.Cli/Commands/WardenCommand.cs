using System.Reflection;
using Fairlead.Processes;

namespace Fairlead.Cli.Commands;

/// <summary>The hidden <c>warden</c>: the process beside a node that ends the node's workers when the node dies or falls silent.</summary>
internal static class WardenCommand
{
    public const string Name = WardenProgram.Verb;

    public static int Run(string[] arguments) => WardenProgram.Main(arguments);

    /// <summary>How this program is started as a warden; null leaves the choice to the library.</summary>
    public static Processes.WardenCommand? Line()
    {
        var isHost = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet";
        var assembly = Assembly.GetEntryAssembly()?.Location;
        return Environment.ProcessPath is not { } program || (isHost && string.IsNullOrEmpty(assembly))
            ? null
            : new Processes.WardenCommand(isHost ? [program, assembly!, Name] : [program, Name], ByHook: false);
    }
}
