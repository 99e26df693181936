using System.CommandLine;
using Fairlead.AspNetCore.Bodies;
using Fairlead.Storage;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead breakers</c>: who is quarantined, until when, and a hand on the switch.</summary>
internal static class BreakersCommand
{
    public const string Name = "breakers";

    private static readonly Option<bool> Json = CommonOptions.Json();
    private static readonly Option<TimeSpan?> For = CommonOptions.Duration("--for", "For how long. Default: until it is closed by hand.");
    private static readonly Argument<string> Key = new("key") { Description = "QUEUE/GROUP, a queue, a limit, or LIMIT/GROUP." };

    public static Command Create()
    {
        var command = new Command(Name, "The breakers that are open or have counted failures.").With(Json).Does(ListAsync);
        command.Subcommands.Add(new Command("open", "Let nothing more through, until it is closed or for a time.").With(Key, For).Does(OpenAsync));
        command.Subcommands.Add(new Command("close", "Let everything through again, and forget the failures.").With(Key).Does(CloseAsync));
        return command;
    }

    private static async Task<int> ListAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        var now = context.Time.GetUtcNow();
        BreakerBody[] breakers = [.. (await store.ListBreakersAsync(context.Cancelled)).Select(breaker => BreakerBody.Of(breaker, now))];
        if (context.Value(Json))
        {
            context.Output.Json(breakers, WireJson.Wire.BreakerBodyArray);
            return ExitCode.AllWell;
        }
        var table = new Table("breaker", "state", "until", "failures", "waiting");
        foreach (var breaker in breakers)
        {
            table.Add(breaker.Key, breaker.State, breaker.ByHand ? "closed by hand" : Table.Time(breaker.OpenUntil) ?? "-", $"{breaker.Failures}", $"{breaker.Waiting}");
        }
        context.Output.Table(table);
        return ExitCode.AllWell;
    }

    private static async Task<int> OpenAsync(CommandContext context)
    {
        var (key, time) = (context.Value(Key)!, context.Value(For));
        var store = await context.OpenExistingStoreAsync();
        if (!await store.OpenBreakerAsync(key, time, context.Cancelled))
        {
            throw new CommandFailure(NearestName.Unknown("breaker", key, await KeysAsync(store, context.Cancelled), "A breaker is that of QUEUE/GROUP, of a queue, or of a limit."));
        }
        context.Output.Line($"{key}: open {(time is { } open ? $"for {DurationText.Format(open)}" : $"until fairlead breakers close {key}")}");
        return ExitCode.AllWell;
    }

    private static async Task<int> CloseAsync(CommandContext context)
    {
        var key = context.Value(Key)!;
        var store = await context.OpenExistingStoreAsync();
        if (!await store.CloseBreakerAsync(key, context.Cancelled))
        {
            var known = (await store.ListBreakersAsync(context.Cancelled)).Select(static breaker => breaker.Key);
            throw new CommandFailure(NearestName.Unknown("breaker", key, known, "See: fairlead breakers"));
        }
        context.Output.Line($"{key}: closed");
        return ExitCode.AllWell;
    }

    /// <summary>Everything that may be opened and has a name yet: queues, limits, and breakers that have counted.</summary>
    private static async ValueTask<IEnumerable<string>> KeysAsync(IJobStore store, CancellationToken cancellationToken)
    {
        var queues = (await store.ListQueuesAsync(cancellationToken)).Select(static queue => queue.Name);
        var limits = (await store.ListLimitsAsync(cancellationToken)).Select(static limit => limit.Name);
        var breakers = (await store.ListBreakersAsync(cancellationToken)).Select(static breaker => breaker.Key);
        return queues.Concat(limits).Concat(breakers).Distinct();
    }
}
