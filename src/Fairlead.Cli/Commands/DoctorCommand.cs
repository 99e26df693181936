using System.CommandLine;
using Fairlead.Cli.Bodies;
using Fairlead.Cli.Checks;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead doctor</c>: whether everything the program stands on is there, and what it found.</summary>
internal static class DoctorCommand
{
    public const string Name = "doctor";

    private static readonly Option<bool> Json = CommonOptions.Json();

    public static Command Create() => new Command(Name, "Check what Fairlead stands on here: versions, store, disk, process containment, clock.").With(Json).Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var checks = new List<CheckBody> { MachineChecks.Versions() };
        var store = await StoreChecks.LookAsync(context);
        checks.AddRange(store.Checks);
        checks.Add(await MachineChecks.ContainmentAsync(context));
        checks.Add(MachineChecks.Clock(context.Time));
        if (context.Value(Json))
        {
            context.Output.Json([.. checks], CliJson.Wire.CheckBodyArray);
        }
        else
        {
            checks.ForEach(check => context.Output.Line($"{(check.Ok ? "ok  " : "BAD ")} {check.Check,-12} {check.Found}"));
        }
        return !store.Reachable ? ExitCode.StoreAway : checks.TrueForAll(check => check.Ok) ? ExitCode.AllWell : ExitCode.Usage;
    }
}
