namespace Fairlead.Cli.Commands;

/// <summary>The hidden <c>warden</c>: the process beside a node that ends the node's workers when the node dies or falls silent.</summary>
internal static class WardenCommand
{
    public const string Name = "warden";

    public static int Run(ReadOnlySpan<string> arguments) => ExitCode.Usage;
}
