using System.CommandLine;
using Fairlead.AspNetCore.Bodies;
using Fairlead.Cli.Status;
using Fairlead.Storage;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead top</c>: the whole cluster on one screen, drawn anew until it is interrupted; once where nobody looks at a terminal.</summary>
internal static class TopCommand
{
    public const string Name = "top";

    private const string HomeAndClear = "\u001b[H\u001b[J";
    private static readonly Option<TimeSpan?> Every = CommonOptions.Duration("--every", "How often it is drawn; 1s by default.");

    public static Command Create() => new Command(Name, "The whole cluster on one screen: queues, live nodes, what they run.").With(Every).Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        while (true)
        {
            var screen = await ScreenAsync(store, context);
            context.Output.Answers.Write(context.Output.AnswersOnTerminal ? HomeAndClear + screen : screen);
            if (!context.Output.AnswersOnTerminal || context.Cancelled.IsCancellationRequested)
            {
                return ExitCode.AllWell;
            }
            await Task.Delay(context.Value(Every) ?? TimeSpan.FromSeconds(1), context.Time, context.Cancelled).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<string> ScreenAsync(IJobStore store, CommandContext context)
    {
        using var screen = new StringWriter();
        screen.WriteLine(await StatusText.ReadAsync(store, CancellationToken.None));
        screen.WriteLine();
        var queues = (await store.ListQueuesAsync(CancellationToken.None)).Select(queue => StatusBody.Of(queue, context.Time.GetUtcNow()));
        Queues(queues).Write(screen, context.Output.AnswersOnTerminal);
        screen.WriteLine();
        var nodes = (await store.ListNodesAsync(CancellationToken.None)).Where(static node => node.LeftAt is null);
        NodeTable.Of(nodes.Select(NodeBody.Of)).Write(screen, context.Output.AnswersOnTerminal);
        return screen.ToString();
    }

    private static Table Queues(IEnumerable<StatusBody> queues)
    {
        var table = new Table("queue", "running", "queued", "scheduled", "blocked", "failed", "oldest");
        foreach (var queue in queues)
        {
            table.Add(
                queue.Queue, queue.MaxConcurrent is { } most ? $"{queue.Running}/{most}" : $"{queue.Running}", $"{queue.Queued}", $"{queue.Scheduled}", $"{queue.Blocked}",
                $"{queue.Failed}", queue.OldestQueuedSeconds is { } seconds ? DurationText.ForPeople(seconds) : "-");
        }
        return table;
    }
}
