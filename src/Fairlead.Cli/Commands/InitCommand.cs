using System.CommandLine;
using Fairlead.Cli.Configuration;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead init</c>: a commented <c>fairlead.yaml</c> that runs as it is.</summary>
internal static class InitCommand
{
    public const string Name = "init";

    private static readonly Argument<string> File = new("file")
    {
        Description = "Where it is written. It must not be there yet.",
        DefaultValueFactory = static _ => ConfigurationFile.DefaultName,
    };

    public static Command Create() => new Command(Name, "Write a commented fairlead.yaml to begin with.").With(File).Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var path = context.Value(File)!;
        try
        {
            // Only a new file: whatever was written before stays as it is.
            await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
            await using var writer = new StreamWriter(file);
            await writer.WriteAsync(InitialFile.Write());
        }
        catch (IOException) when (System.IO.File.Exists(path))
        {
            throw new CommandFailure($"{path} is there already, and is left as it is. Name another file: fairlead init other.yaml");
        }
        context.Output.Line($"Wrote {path}. It runs as it is: fairlead serve");
        return ExitCode.AllWell;
    }
}
