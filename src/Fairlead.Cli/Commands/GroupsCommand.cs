using System.CommandLine;
using System.Globalization;
using Fairlead.AspNetCore.Bodies;
using Fairlead.Storage;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead groups</c>: who shares a queue, what each has had, and what keeps it back.</summary>
internal static class GroupsCommand
{
    public const string Name = "groups";

    private static readonly Option<bool> Json = CommonOptions.Json();
    private static readonly Option<int?> Limit = CommonOptions.Count("--limit", "At most this many of each queue. Default 100.", 1, 100_000);
    private static readonly Argument<string?> Listed = new("queue") { Description = "Only this queue's.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Argument<string> Queue = new("queue") { Description = "The queue." };
    private static readonly Argument<string> Group = new("group") { Description = "The group." };

    public static Command Create()
    {
        var command = new Command(Name, "The groups that share a queue: work, service so far, and what keeps each back.").With(Listed, Limit, Json).Does(ListAsync);
        command.Subcommands.Add(new Command("pause", "Start nothing more of a group, on any node; what runs goes on.").With(Queue, Group).Does(context => SetAsync(context, paused: true)));
        command.Subcommands.Add(new Command("resume", "End a group's pause.").With(Queue, Group).Does(context => SetAsync(context, paused: false)));
        return command;
    }

    private static async Task<int> ListAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        var groups = new List<GroupBody>();
        foreach (var queue in await QueuesAsync(store, context.Value(Listed), context.Cancelled))
        {
            groups.AddRange((await store.ListGroupsAsync(queue, context.Value(Limit) ?? 100, context.Cancelled)).Select(GroupBody.Of));
        }
        if (context.Value(Json))
        {
            context.Output.Json([.. groups], WireJson.Wire.GroupBodyArray);
            return ExitCode.AllWell;
        }
        context.Output.Table(Rows(groups));
        return ExitCode.AllWell;
    }

    private static Table Rows(List<GroupBody> groups)
    {
        var table = new Table("queue", "group", "weight", "ready", "running", "ahead s", "served s", "slow", "kept back by");
        static string Number(double number) => number.ToString("0.###", CultureInfo.InvariantCulture);
        foreach (var group in groups)
        {
            var reason = group.Reason is { } known ? $"{known.Code} {known.Key}{(known.Until is { } until ? $" until {Table.Time(until)}" : "")}" : group.Paused ? "paused" : "-";
            table.Add(
                group.Queue, group.Group ?? "-", Number(group.Weight), $"{group.Ready}", $"{group.InFlight}", Number(group.LagSeconds), Number(group.ServedSeconds), $"{group.Slow}", reason);
        }
        return table;
    }

    private static async Task<int> SetAsync(CommandContext context, bool paused)
    {
        var (queue, group) = (context.Value(Queue)!, context.Value(Group)!);
        NewJobRules.CheckName(group, "A group");
        var store = await context.OpenExistingStoreAsync();
        await QueuesAsync(store, queue, context.Cancelled);
        var names = (await store.ListGroupsAsync(queue, 100_000, context.Cancelled)).Select(static known => known.Group).OfType<string>().ToList();
        await store.PauseGroupAsync(queue, group, paused, context.Cancelled);
        context.Output.Line($"{queue}/{group}: {(paused ? "paused" : "open")}");
        if (!names.Contains(group))
        {
            var nearest = NearestName.Of(group, names) is { } near ? $"; did you mean '{near}'?" : ".";
            context.Output.Message($"Queue '{queue}' has no work of a group '{group}' now{nearest} It is {(paused ? "paused" : "open")} for when there is some.");
        }
        return ExitCode.AllWell;
    }

    private static async ValueTask<IReadOnlyList<string>> QueuesAsync(IJobStore store, string? only, CancellationToken cancellationToken)
    {
        var names = (await store.ListQueuesAsync(cancellationToken)).Select(static queue => queue.Name).ToList();
        return only is null ? names
            : names.Contains(only) ? [only]
            : throw new CommandFailure(NearestName.Unknown("queue", only, names, "Work that is enqueued makes it."));
    }
}
