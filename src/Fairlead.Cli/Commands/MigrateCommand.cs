using System.CommandLine;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead migrate</c>: makes the store, or brings it to this version's schema. The only command that adds tables to another program's database.</summary>
internal static class MigrateCommand
{
    public const string Name = "migrate";

    public static Command Create() =>
        new Command(Name, "Make the store, or bring it to this version. Adds Fairlead's tables to an application's own SQLite database.").Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var store = await context.OpenStoreAsync(adopt: true);
        context.Output.Line($"{store.Description} is ready.");
        return ExitCode.AllWell;
    }
}
