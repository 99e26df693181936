using Microsoft.Extensions.Logging;

namespace Fairlead.Cli.Serving;

/// <summary>What the command line says of a node; the rest is in the file.</summary>
/// <param name="File">The configuration file.</param>
/// <param name="Queues">Only these of its queues; null for all that have a program.</param>
/// <param name="Name">The node's name; null for <c>host:pid</c>.</param>
/// <param name="Concurrency">How many attempts run at once; null for as many as the pools hold.</param>
/// <param name="Drain">How long what runs may go on when the node is asked to stop.</param>
/// <param name="Level">What is logged.</param>
/// <param name="WithApi">Whether it serves the API too.</param>
internal sealed record ServeOptions(string File, IReadOnlyList<string>? Queues, string? Name, int? Concurrency, TimeSpan Drain, LogLevel Level, bool WithApi)
{
    /// <summary>The node's name.</summary>
    public string NodeName => Name ?? $"{Environment.MachineName}:{Environment.ProcessId}";
}
