using System.CommandLine;
using System.Globalization;
using Fairlead.AspNetCore.Bodies;
using Fairlead.Storage;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead limits</c>: every limit, what is left of it, and how it may be changed while everything runs.</summary>
internal static class LimitsCommand
{
    public const string Name = "limits";

    private static readonly Option<bool> Json = CommonOptions.Json();
    private static readonly Argument<string> Limit = new("name") { Description = "The limit." };
    private static readonly Argument<string> Terms = new("rate") { Description = "What it allows from now on: 8/s, concurrent:10, 20/s,burst=4. What is not named stays as declared." };

    public static Command Create()
    {
        var command = new Command(Name, "Every limit: its rate, what may be used at once now, and what was given.").With(Json).Does(ListAsync);
        command.Subcommands.Add(new Command("set", "Change a limit for everybody, until it is reset.").With(Limit, Terms).Does(SetAsync));
        command.Subcommands.Add(new Command("reset", "Put back what nodes declare.").With(Limit).Does(ResetAsync));
        return command;
    }

    private static async Task<int> ListAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        var limits = await store.ListLimitsAsync(context.Cancelled);
        if (context.Value(Json))
        {
            context.Output.Json([.. limits.Select(LimitBody.Of)], WireJson.Wire.LimitBodyArray);
            return ExitCode.AllWell;
        }
        var table = new Table("limit", "group", "declared", "in force", "per second", "available", "in use", "granted", "429s", "held until");
        foreach (var limit in limits)
        {
            table.Add(
                limit.Name, limit.Group ?? "-", $"{limit.Declared}", limit.InForce == limit.Declared ? "as declared" : $"{limit.InForce}",
                limit.PerSecond?.ToString("0.###", CultureInfo.InvariantCulture) ?? "-", $"{limit.Available}", $"{limit.InUse}", $"{limit.Granted}", $"{limit.Throttles}", Table.Time(limit.HeldUntil) ?? "-");
        }
        context.Output.Table(table);
        return ExitCode.AllWell;
    }

    private static async Task<int> SetAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        var known = await FindAsync(store, context);
        var wanted = Read(context.Value(Limit)!, context.Value(Terms)!, known);
        await store.ChangeLimitAsync(known.Name, wanted, context.Cancelled);
        context.Output.Line($"{known.Name}: {wanted} (declared: {known.Declared})");
        return ExitCode.AllWell;
    }

    private static async Task<int> ResetAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        var known = await FindAsync(store, context);
        await store.ChangeLimitAsync(known.Name, null, context.Cancelled);
        context.Output.Line($"{known.Name}: {known.Declared}");
        return ExitCode.AllWell;
    }

    private static Limit Read(string name, string text, Limits.LimitInfo known)
    {
        try
        {
            var wanted = LimitText.Parse(name, text, known.Declared);
            return PermitDesk.Problem(name, known.Declared, wanted) is { } problem ? throw new FormatException(problem) : wanted;
        }
        catch (FormatException error)
        {
            throw new CommandFailure(error.Message, inner: error);
        }
    }

    private static async ValueTask<Limits.LimitInfo> FindAsync(IJobStore store, CommandContext context)
    {
        var name = context.Value(Limit)!;
        var limits = await store.ListLimitsAsync(context.Cancelled);
        return limits.FirstOrDefault(limit => limit.Name == name)
            ?? throw new CommandFailure(NearestName.Unknown("limit", name, limits.Select(static limit => limit.Name), $"A node or a run declares it: --limit {name}=8/s."));
    }
}
