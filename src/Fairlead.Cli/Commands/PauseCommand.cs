using System.CommandLine;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead pause QUEUE…</c>: nothing of the queue starts any more, on any node; what runs goes on.</summary>
internal static class PauseCommand
{
    public const string Name = "pause";

    private static readonly Argument<string[]> Queues = new("queue") { Description = "The queues.", Arity = ArgumentArity.OneOrMore };

    public static Command Create() => new Command(Name, "Start nothing more of these queues, on any node; what runs goes on.").With(Queues).Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var store = await context.OpenStoreAsync();
        foreach (var queue in context.Value(Queues)!)
        {
            Storage.NewJobRules.CheckName(queue, "A queue's name");
            await store.PauseAsync(queue, context.Cancelled);
            context.Output.Line($"{queue}: paused");
        }
        return ExitCode.AllWell;
    }
}
