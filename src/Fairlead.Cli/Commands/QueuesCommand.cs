using System.CommandLine;
using Fairlead.AspNetCore.Bodies;
using Fairlead.Storage;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead queues</c>: every queue with its jobs by status, and how it may be changed while everything runs.</summary>
internal static class QueuesCommand
{
    public const string Name = "queues";

    private static readonly Option<bool> Json = CommonOptions.Json();

    private static readonly Argument<string> Queue = new("queue") { Description = "The queue." };
    private static readonly Argument<string[]> Changes = new("name=value")
    {
        Description = $"What is in force from now on, such as max_concurrent=5 timeout=60s. What is not named stays. Names: {string.Join(", ", QueueChangeText.Names)}.",
        Arity = ArgumentArity.OneOrMore,
    };

    public static Command Create()
    {
        var command = new Command(Name, "Every queue, and its jobs by status.").With(Json).Does(ListAsync);
        command.Subcommands.Add(new Command("set", "Change a queue for everybody, until it is reset.").With(Queue, Changes).Does(SetAsync));
        command.Subcommands.Add(new Command("reset", "Put back what nodes declare.").With(Queue).Does(ResetAsync));
        return command;
    }

    private static async Task<int> ListAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        var queues = await store.ListQueuesAsync(context.Cancelled);
        if (context.Value(Json))
        {
            context.Output.Json([.. queues.Select(QueueBody.Of)], WireJson.Wire.QueueBodyArray);
            return ExitCode.AllWell;
        }
        var table = new Table("queue", "label", "state", "running", "max", "queued", "scheduled", "blocked", "completed", "failed", "cancelled", "changed");
        foreach (var (queue, change) in queues.Select(static queue => (QueueBody.Of(queue), queue.Change)))
        {
            table.Add(
                queue.Queue, queue.Label, queue.Paused ? "paused" : "open", $"{queue.Processing}", queue.MaxConcurrent?.ToString(null as IFormatProvider) ?? "-", $"{queue.Queued}",
                $"{queue.Scheduled}", $"{queue.Blocked}", $"{queue.Completed}", $"{queue.Failed}", $"{queue.Cancelled}",
                change is null ? "-" : QueueChangeText.Format(change));
        }
        context.Output.Table(table);
        return ExitCode.AllWell;
    }

    private static async Task<int> SetAsync(CommandContext context)
    {
        var name = context.Value(Queue)!;
        var store = await context.OpenExistingStoreAsync();
        var change = Read(name, context.Value(Changes)!);
        await ChangeAsync(context, store, name, change);
        var known = (await store.ListQueuesAsync(context.Cancelled)).First(queue => queue.Name == name);
        context.Output.Line($"{name}: {QueueChangeText.Format(known.Change ?? change)}");
        return ExitCode.AllWell;
    }

    private static async Task<int> ResetAsync(CommandContext context)
    {
        var name = context.Value(Queue)!;
        var store = await context.OpenExistingStoreAsync();
        await ChangeAsync(context, store, name, null);
        context.Output.Line($"{name}: as declared");
        return ExitCode.AllWell;
    }

    private static async ValueTask ChangeAsync(CommandContext context, IJobStore store, string name, QueueChange? change)
    {
        if (await store.ChangeQueueAsync(name, change, context.Cancelled) is null)
        {
            var known = (await store.ListQueuesAsync(context.Cancelled)).Where(static queue => queue.Definition is not null).Select(static queue => queue.Name);
            throw new CommandFailure(NearestName.Unknown("declared queue", name, known, "A node declares its queues when it starts: fairlead serve."));
        }
    }

    private static QueueChange Read(string name, string[] words)
    {
        try
        {
            return QueueChangeText.Parse(name, words);
        }
        catch (FormatException error)
        {
            throw new CommandFailure(error.Message, inner: error);
        }
    }
}
