using System.CommandLine;
using System.Text.Json;
using Fairlead.AspNetCore.Bodies;
using Fairlead.Storage;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead enqueue QUEUE [JSON|-]</c>: one job, durable when its id is printed.</summary>
internal static class EnqueueCommand
{
    public const string Name = "enqueue";

    private static readonly Argument<string> Queue = new("queue") { Description = "The queue it goes to." };
    private static readonly Argument<string?> Payload = new("json")
    {
        Description = "Its payload; - reads it from standard input. Default: null.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> Kind = new("--kind") { Description = "The job's wire name, or name@2 for version 2. Default: the queue's name.", HelpName = "NAME" };
    private static readonly Option<int?> Priority = CommonOptions.Count("--priority", "Higher runs first; -1000 to 1000.", -1000, 1000);
    private static readonly Option<TimeSpan?> Delay = CommonOptions.Duration("--delay", "Not before this long from now.");
    private static readonly Option<string?> Group = new("--group") { Description = "The key that shares fairly inside the queue.", HelpName = "KEY" };
    private static readonly Option<string?> Unique = new("--unique") { Description = "Unique among the queue's unfinished jobs: a second one answers with the first.", HelpName = "KEY" };
    private static readonly Option<TimeSpan?> Timeout = CommonOptions.Duration("--timeout", "How long one attempt may take.");
    private static readonly Option<TimeSpan?> Deadline = CommonOptions.Duration("--deadline", "How long it may wait and run in all. Default 7d.");
    private static readonly Option<int?> Retries = CommonOptions.Count("--retries", "How many attempts may follow a failed one. Default: the queue's.", 0, 1000);
    private static readonly Option<bool> Json = CommonOptions.Json();

    public static Command Create() => new Command(Name, "Enqueue one job. It is durable when its id is printed.")
        .With(Queue, Payload, Kind, Priority, Delay, Group, Unique, Timeout, Deadline, Retries, Json)
        .Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var queue = context.Value(Queue)!;
        var job = new NewJob
        {
            Queue = queue,
            Kind = JobKind.Read(context.Value(Kind) ?? queue),
            Payload = await ReadPayloadAsync(context.Value(Payload), context.Cancelled),
            Priority = context.Value(Priority) ?? 0,
            Delay = context.Value(Delay) ?? TimeSpan.Zero,
            Group = context.Value(Group),
            UniqueKey = context.Value(Unique),
            Timeout = context.Value(Timeout),
            Deadline = context.Value(Deadline),
            Retries = context.Value(Retries),
        };
        // Before a store is made for it; how large its payload may be is its queue's to say.
        NewJobRules.Check(job, new QueueDefinition { Name = queue, MaxPayload = int.MaxValue });
        var answer = await new JobIntake(await context.OpenStoreAsync()).EnqueueAsync(job, context.Cancelled);
        Say(context, answer);
        return ExitCode.AllWell;
    }

    private static void Say(CommandContext context, EnqueuedJob answer)
    {
        if (context.Value(Json))
        {
            context.Output.Json(new EnqueuedBody(answer.Id.Value, answer.Existing), WireJson.Wire.EnqueuedBody);
            return;
        }
        context.Output.Line(answer.Id.ToString());
        if (answer.Existing)
        {
            context.Output.Message($"Job {answer.Id} already holds that unique key and has not ended: nothing was added.");
        }
    }

    private static async ValueTask<ReadOnlyMemory<byte>> ReadPayloadAsync(string? text, CancellationToken cancellationToken)
    {
        var bytes = text == "-" ? await ReadInputAsync(cancellationToken) : System.Text.Encoding.UTF8.GetBytes(text ?? "null");
        try
        {
            return JobPayload.Read(bytes);
        }
        catch (JsonException error)
        {
            throw new CommandFailure(
                $"The payload expects JSON; {error.Message.TrimEnd('.')}. Text needs its quotes: '\"text\"'.", inner: error);
        }
    }

    private static async ValueTask<byte[]> ReadInputAsync(CancellationToken cancellationToken)
    {
        await using var input = Console.OpenStandardInput();
        using var whole = new MemoryStream();
        await input.CopyToAsync(whole, cancellationToken);
        return whole.ToArray();
    }
}
