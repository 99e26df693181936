using System.CommandLine;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead resume QUEUE…</c>: ends a pause.</summary>
internal static class ResumeCommand
{
    public const string Name = "resume";

    private static readonly Argument<string[]> Queues = new("queue") { Description = "The queues.", Arity = ArgumentArity.OneOrMore };

    public static Command Create() => new Command(Name, "End the pause of these queues. (A run goes on with: fairlead run --resume NAME)").With(Queues).Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        var known = (await store.ListQueuesAsync(context.Cancelled)).Select(queue => queue.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var queue in context.Value(Queues)!)
        {
            if (!known.Contains(queue))
            {
                throw new CommandFailure($"There is no queue '{queue}' in {store.Description}; known: {string.Join(", ", known.Order(StringComparer.Ordinal))}. A run goes on with: fairlead run --resume NAME");
            }
            await store.ResumeAsync(queue, context.Cancelled);
            context.Output.Line($"{queue}: open");
        }
        return ExitCode.AllWell;
    }
}
