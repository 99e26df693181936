using System.CommandLine;
using System.Globalization;
using Fairlead.AspNetCore.Bodies;
using Fairlead.Storage;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead workers</c>: the processes of all pools, how the pools do, and how to end one.</summary>
internal static class WorkersCommand
{
    public const string Name = "workers";

    private static readonly Option<bool> Json = CommonOptions.Json();
    private static readonly Option<bool> Pools = new("--pools") { Description = "The pools instead: how many processes, how busy, how quick, why they ended." };
    private static readonly Argument<string?> Id = new("id") { Description = "The worker, as listed.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<bool> All = new("--all") { Description = "Every worker that there is now." };

    public static Command Create()
    {
        var command = new Command(Name, "The worker processes of every node: what each does, for how long, with how much memory.").With(Pools, Json).Does(ListAsync);
        command.Subcommands.Add(new Command("end", "End a worker, or all; what it works at is ended with it, and costs that job an attempt.").With(Id, All).Does(EndAsync));
        return command;
    }

    private static async Task<int> ListAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        var pools = await store.ListPoolsAsync(context.Cancelled);
        if (context.Value(Pools))
        {
            Show(context, [.. pools.Select(PoolBody.Of)]);
        }
        else
        {
            var now = context.Time.GetUtcNow();
            Show(context, [.. pools.SelectMany(pool => WorkerBody.Of(pool, now))]);
        }
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
                worker.Id, worker.Label, worker.Node, Text(worker.Pid), worker.State, Text(worker.Job), $"{worker.Jobs}",
                DurationText.ForPeople(worker.AgeSeconds), worker.MemoryBytes is { } bytes ? SizeText.ForPeople(bytes) : "-");
        }
        context.Output.Table(table);
    }

    private static void Show(CommandContext context, PoolBody[] pools)
    {
        if (context.Value(Json))
        {
            context.Output.Json(pools, WireJson.Wire.PoolBodyArray);
            return;
        }
        var table = new Table("queue", "node", "workers", "busy", "use", "jobs/min", "average", "p95", "starts/min", "ends/min", "ended", "last error");
        foreach (var pool in pools)
        {
            table.Add(
                pool.Label, pool.Node, $"{pool.Workers}/{pool.Most}", $"{pool.Busy}", pool.Use.ToString("0 %", CultureInfo.InvariantCulture), $"{pool.JobsPerMinute}",
                DurationText.ForPeople(pool.AverageSeconds), DurationText.ForPeople(pool.P95Seconds), $"{pool.StartsPerMinute}", $"{pool.EndsPerMinute}",
                pool.Ends.Count == 0 ? "-" : string.Join(", ", pool.Ends.Select(static end => $"{end.Key} {end.Value}")), Trouble(pool));
        }
        context.Output.Table(table);
    }

    private static string Trouble(PoolBody pool) =>
        pool.LastError is not { } error ? "-" : pool.BacksOffUntil is { } until ? $"starts nothing until {Table.Time(until)}: {error}" : $"{Table.Time(pool.LastErrorAt)}: {error}";

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
