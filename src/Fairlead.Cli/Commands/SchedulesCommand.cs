using System.CommandLine;
using Fairlead.AspNetCore.Bodies;
using Fairlead.Schedules;
using Fairlead.Storage;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead schedules</c>: what makes jobs by time, when next, how the last round went, and a hand on it.</summary>
internal static class SchedulesCommand
{
    public const string Name = "schedules";

    private static readonly Argument<string?> Only = new("schedule") { Description = "Only this one.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Argument<string> Schedule = new("schedule") { Description = "The schedule." };
    private static readonly Option<int?> Next = CommonOptions.Count("--next", "Also the next so many times; 1 to 1000.", 1, 1000);
    private static readonly Option<bool> Json = CommonOptions.Json();

    public static Command Create()
    {
        var command = new Command(Name, "Every schedule: when its next round is, how the last one went.").With(Only, Next, Json).Does(ListAsync);
        command.Subcommands.Add(new Command("trigger", "Start a round now, paused or not.").With(Schedule, Json).Does(TriggerAsync));
        command.Subcommands.Add(new Command("pause", "Start no rounds by time, on any node; what runs goes on.").With(Schedule).Does(PauseAsync));
        command.Subcommands.Add(new Command("resume", "Start rounds by time again; what was due meanwhile is not made up for.").With(Schedule).Does(ResumeAsync));
        return command;
    }

    private static async Task<int> ListAsync(CommandContext context)
    {
        var desk = await DeskAsync(context);
        var records = context.Value(Only) is { } only ? [(await FoundAsync(desk.FindAsync(only, context.Cancelled))).Schedule] : await desk.ListAsync(context.Cancelled);
        ScheduleBody[] schedules = [.. records.Select(record => ScheduleBody.Of(record, context.Value(Next)))];
        if (context.Value(Json))
        {
            context.Output.Json(schedules, WireJson.Wire.ScheduleBodyArray);
            return ExitCode.AllWell;
        }
        if (context.Has(Next))
        {
            WriteTimes(context, schedules);
            return ExitCode.AllWell;
        }
        Write(context, schedules);
        return ExitCode.AllWell;
    }

    private static void Write(CommandContext context, ScheduleBody[] schedules)
    {
        var now = context.Time.GetUtcNow();
        var table = new Table("schedule", "when", "state", "next run", "last round", "started", "skipped", "missed");
        foreach (var schedule in schedules)
        {
            table.Add(schedule.Schedule, schedule.When, State(schedule), NextRun(schedule, now), LastRound(schedule), $"{schedule.Started}", $"{schedule.Skipped}", $"{schedule.Missed}");
        }
        context.Output.Table(table);
    }

    private static void WriteTimes(CommandContext context, ScheduleBody[] schedules)
    {
        var now = context.Time.GetUtcNow();
        var table = new Table("schedule", "due", "in");
        foreach (var (schedule, due) in schedules.SelectMany(static schedule => schedule.Next!.Select(due => (schedule.Schedule, due))))
        {
            table.Add(schedule, Table.Time(due)!, In(due, now));
        }
        context.Output.Table(table);
    }

    private static string State(ScheduleBody schedule) => schedule.Paused ? "paused" : schedule.Served ? "open" : "not served";

    private static string NextRun(ScheduleBody schedule, DateTimeOffset now) => schedule switch
    {
        { Paused: true } => "-",
        { NextAt: { } at } => $"{In(at, now)}, {Table.Time(at)}",
        { Running.Count: > 0 } => "after the one that runs",
        _ => "-",
    };

    private static string In(DateTimeOffset at, DateTimeOffset now) => at > now ? $"in {DurationText.ForPeople((at - now).TotalSeconds)}" : "now";

    private static string LastRound(ScheduleBody schedule) => (schedule.Running.Count > 0 ? $"job {schedule.Running[^1]} runs" : null, schedule.Last) switch
    {
        ({ } runs, _) => runs,
        (_, { } last) => $"{last.Status ?? "forgotten"} in {DurationText.ForPeople(last.Seconds ?? 0)}, {Table.Time(last.StartedAt)}",
        _ => "-",
    };

    private static async Task<int> TriggerAsync(CommandContext context)
    {
        var result = await FoundAsync((await DeskAsync(context)).TriggerAsync(context.Value(Schedule)!, context.Cancelled));
        if (result.Refused is { } refused)
        {
            throw new CommandFailure(refused, ExitCode.SomeFailed);
        }
        if (context.Value(Json))
        {
            context.Output.Json(TriggeredBody.Of(result), WireJson.Wire.TriggeredBody);
        }
        else
        {
            context.Output.Line(result.Round is { } job ? $"{job}" : $"waits for job {result.Running}");
        }
        if (!result.Schedule.IsServed)
        {
            context.Output.Message($"No live node serves {context.Value(Schedule)}: its jobs wait until one does (fairlead serve).");
        }
        return ExitCode.AllWell;
    }

    private static Task<int> PauseAsync(CommandContext context) => ChangeAsync(context, static (desk, name, stop) => desk.PauseAsync(name, stop));

    private static Task<int> ResumeAsync(CommandContext context) => ChangeAsync(context, static (desk, name, stop) => desk.ResumeAsync(name, stop));

    private static async Task<int> ChangeAsync(CommandContext context, Func<ScheduleDesk, string, CancellationToken, ValueTask<ScheduleRecord>> change)
    {
        var schedule = ScheduleBody.Of(await FoundAsync(change(await DeskAsync(context), context.Value(Schedule)!, context.Cancelled)));
        context.Output.Line($"{schedule.Schedule}: {(schedule.Paused ? "paused" : $"open, next run {NextRun(schedule, context.Time.GetUtcNow())}")}");
        return ExitCode.AllWell;
    }

    private static async ValueTask<ScheduleDesk> DeskAsync(CommandContext context) => new(await context.OpenExistingStoreAsync());

    /// <summary>What a command found, or the sentence about what there is.</summary>
    internal static async ValueTask<T> FoundAsync<T>(ValueTask<T> finding)
    {
        try
        {
            return await finding;
        }
        catch (KeyNotFoundException unknown)
        {
            throw new CommandFailure(unknown.Message, inner: unknown);
        }
    }
}
