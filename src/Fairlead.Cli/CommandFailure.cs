namespace Fairlead.Cli;

/// <summary>A command cannot go on. The message is for people: what was expected, what came, the way out.</summary>
internal class CommandFailure(string message, int exitCode = ExitCode.Usage, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;
}
