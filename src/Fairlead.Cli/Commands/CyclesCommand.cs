using System.CommandLine;
using Fairlead.AspNetCore.Bodies;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead cycles [SCHEDULE]</c>: what each cycle did, what was slowest in it, and how quick it could have been.</summary>
internal static class CyclesCommand
{
    public const string Name = "cycles";

    private static readonly Argument<string?> Schedule = new("schedule") { Description = "Only its cycles.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<int?> Limit = CommonOptions.Count("--limit", "At most this many; 1 to 1000, default 20.", 1, 1000);
    private static readonly Option<bool> Json = CommonOptions.Json();

    public static Command Create() => new Command(Name, "The cycles of schedules, the newest first: targets, failures, the slowest, and the bound.").With(Schedule, Limit, Json).Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        var cycles = await SchedulesCommand.FoundAsync(CycleBody.ReadAsync(store, context.Value(Schedule), context.Value(Limit) ?? 20, context.Cancelled));
        if (context.Value(Json))
        {
            context.Output.Json(cycles, WireJson.Wire.CycleBodyArray);
            return ExitCode.AllWell;
        }
        var table = new Table("job", "schedule", "status", "started", "took", "targets", "completed", "failed", "left out", "slowest", "bound");
        foreach (var cycle in cycles)
        {
            table.Add(
                $"{cycle.Job}", cycle.Schedule, cycle.Status, Table.Time(cycle.StartedAt) ?? "-", cycle.Seconds is { } seconds ? DurationText.ForPeople(seconds) : "-",
                $"{cycle.Targets}", $"{cycle.Completed}", $"{cycle.Failed}", $"{cycle.LeftOut}", Slowest(cycle),
                cycle.BoundSeconds is { } bound ? $"{DurationText.ForPeople(bound)} by {cycle.Binding}" : "-");
        }
        context.Output.Table(table);
        return ExitCode.AllWell;
    }

    private static string Slowest(CycleBody cycle) => cycle.Error is { } error && cycle.Targets == 0 ? error
        : cycle.Slowest is { } slowest ? $"{slowest.Key} {DurationText.ForPeople(slowest.Seconds)}{(cycle.SlowestWorker is { } worker ? $" ({worker.Key} {DurationText.ForPeople(worker.Seconds)})" : "")}"
        : "-";
}
