using System.CommandLine;
using Fairlead.Cli.Demo;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead demo</c>: the main job in under a minute.</summary>
internal static class DemoCommand
{
    public const string Name = "demo";

    public static Command Create() => new Command(Name, "The main job in under a minute: 1000 products through two rate-limited services, one of which hangs now and then.").Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var folder = Directory.CreateTempSubdirectory("fairlead-demo-").FullName;
        try
        {
            return await new DemoRun(context, folder).RunAsync();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
