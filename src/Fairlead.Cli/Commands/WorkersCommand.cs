using System.CommandLine;
using System.Globalization;
using Fairlead.AspNetCore.Bodies;
using Fairlead.Storage;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead workers</c>: the processes of all pools, and how to end one.</summary>
internal static class WorkersCommand
{
    public const string Name = "workers";

    private static readonly Option<bool> Json = CommonOptions.Json();
    private static readonly Argument<string?> Id = new("id") { Description = "The worker, as listed.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<bool> All = new("--all") { Description = "Every worker that there is now." };

    public static Command Create()
    {
        var command = new Command(Name, "The worker processes of every node: what each does, for how long, with how much memory.").With(Json).Does(ListAsync);
        command.Subcommands.Add(new Command("end", "End a worker, or all; what it works at is ended with it, and costs that job an attempt.").With(Id, All).Does(EndAsync));
        return command;
    }

    private static async Task<int> ListAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        var now = context.Time.GetUtcNow();
        Show(context, [.. (await store.ListPoolsAsync(context.Cancelled)).SelectMany(pool => WorkerBody.Of(pool, now))]);
        return ExitCode.AllWell;
    }

    private static void Show(CommandContext context, WorkerBody[] workers)
    {
        if (context.Value(Json))
        {
            context.Output.Json(workers, WireJson.Wire.WorkerBodyArray);
            return;
        }
        var table = new Table("worker", "queue", "node", "pid", "state", "job", "jobs", "age", "memory");
        foreach (var worker in workers)
        {
            table.Add(
                worker.Id, worker.Label, worker.NodeName, Text(worker.Pid), worker.State, Text(worker.Job), $"{worker.Jobs}",
                DurationText.ForPeople(worker.AgeSeconds), worker.MemoryBytes is { } bytes ? SizeText.ForPeople(bytes) : "-");
        }
        context.Output.Table(table);
    }

    private static string Text(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";

    private static async Task<int> EndAsync(CommandContext context)
    {
        var (id, all) = (context.Value(Id), context.Value(All));
        if (id is null != all)
        {
            throw new CommandFailure($"Expected the id of a worker, or --all; got {(all ? "both" : "neither")}. See: fairlead workers");
        }
        var store = await context.OpenExistingStoreAsync();
        var asked = await store.EndWorkersAsync(id, context.Cancelled);
        if (asked == 0 && id is not null)
        {
            throw new CommandFailure(NearestName.Unknown("worker", id, await IdsAsync(store, context.Cancelled), "See: fairlead workers"));
        }
        context.Output.Line(id is not null ? $"{id}: told to end" : $"{asked} {(asked == 1 ? "worker" : "workers")} told to end");
        return ExitCode.AllWell;
    }

    private static async ValueTask<IEnumerable<string>> IdsAsync(IJobStore store, CancellationToken cancellationToken) =>
        (await store.ListPoolsAsync(cancellationToken)).SelectMany(static pool => pool.Pool.Workers).Select(static worker => worker.Id);
}
