using System.CommandLine;
using Fairlead.AspNetCore.Bodies;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead queues</c>: every queue with its jobs by status.</summary>
internal static class QueuesCommand
{
    public const string Name = "queues";

    private static readonly Option<bool> Json = CommonOptions.Json();

    public static Command Create() => new Command(Name, "Every queue, and its jobs by status.").With(Json).Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        var queues = await store.ListQueuesAsync(context.Cancelled);
        if (context.Value(Json))
        {
            context.Output.Json([.. queues.Select(QueueBody.Of)], WireJson.Wire.QueueBodyArray);
            return ExitCode.AllWell;
        }
        var table = new Table("queue", "label", "state", "running", "max", "queued", "scheduled", "blocked", "completed", "failed", "cancelled");
        foreach (var queue in queues.Select(QueueBody.Of))
        {
            table.Add(
                queue.Queue, queue.Label, queue.Paused ? "paused" : "open", $"{queue.Processing}", queue.MaxConcurrent?.ToString(null as IFormatProvider) ?? "-", $"{queue.Queued}",
                $"{queue.Scheduled}", $"{queue.Blocked}", $"{queue.Completed}", $"{queue.Failed}", $"{queue.Cancelled}");
        }
        context.Output.Table(table);
        return ExitCode.AllWell;
    }
}
