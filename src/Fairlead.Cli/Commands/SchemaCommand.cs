using System.CommandLine;
using Fairlead.Cli.Configuration;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead schema</c>: the JSON Schema of <c>fairlead.yaml</c>, for editors.</summary>
internal static class SchemaCommand
{
    public const string Name = "schema";

    public static Command Create() => new Command(Name, "Write the JSON Schema of fairlead.yaml, by which editors complete and check keys.").Does(RunAsync);

    private static Task<int> RunAsync(CommandContext context)
    {
        context.Output.Line(ConfigurationSchema.Write());
        return Task.FromResult(ExitCode.AllWell);
    }
}
