using System.CommandLine;
using System.Text;
using Fairlead.AspNetCore.Bodies;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead job ID</c>: everything known about one job or batch.</summary>
internal static class JobCommand
{
    public const string Name = "job";

    private static readonly Argument<string> Id = JobArgument.Create();
    private static readonly Option<bool> Json = CommonOptions.Json();

    public static Command Create() => new Command(Name, "Everything known about one job, run or batch.").With(Id, Json).Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        var job = await JobArgument.FindAsync(store, context.Value(Id)!, context.Cancelled);
        var body = await AttemptBody.WithAttemptsAsync(store, job, context.Cancelled);
        if (context.Value(Json))
        {
            context.Output.Json(body, WireJson.Wire.JobBody);
            return ExitCode.AllWell;
        }
        Write(context.Output, job, body);
        return ExitCode.AllWell;
    }

    private static void Write(Output output, Job job, JobBody body)
    {
        var table = new Table("what", "value");
        void Row(string what, object? value)
        {
            if (value is not null)
            {
                table.Add(what, FormattableString.Invariant($"{value}"));
            }
        }
        Row("id", body.Id);
        Row("name", body.Name);
        Row("status", body.Status);
        Row("queue", body.Queue);
        Row("kind", body.Kind);
        Row("group", body.Group);
        Row("unique", body.Unique);
        Row("priority", body.Priority == 0 ? null : body.Priority);
        Row("batch", body.Batch is { } batch ? $"{batch}, item {body.Item}" : null);
        Row("scheduled for", Table.Time(body.ScheduledFor));
        Row("children", body.Children is { } children ? $"batch {children}{(body.LeftOut is { } left ? $", {left} left out" : "")}" : null);
        Row("progress", FormattableString.Invariant($"{body.Progress:0.#} %: {body.ProcessedItems} of {body.TotalItems}, {body.SuccessCount} succeeded, {body.ErrorCount} failed"));
        Row("attempt", job.BatchState is null ? body.Attempt : null);
        Row("enqueued", Table.Time(body.EnqueuedAt));
        Row("due", Table.Time(body.DueAt));
        Row("started", Table.Time(body.StartedAt));
        Row("ended", Table.Time(body.EndedAt));
        Row("deadline", job.Status.IsEnded() ? null : Table.Time(body.Deadline));
        Row("waits for", body.Reason is { } reason ? $"{reason.Code} {reason.Key}{(reason.Until is { } until ? $" until {Table.Time(until)}" : "")}" : null);
        Row("outcome", body.Outcome);
        Row("error", body.Error);
        foreach (var attempt in body.Attempts ?? [])
        {
            Row($"attempt {attempt.Attempt}", $"fence {attempt.Fence}, node {attempt.Node}, {Table.Time(attempt.StartedAt)}: {attempt.Outcome ?? "runs"}{(attempt.Error is { } error ? $": {error}" : "")}");
        }
        Row("payload", Text(job.Payload));
        Row("result", Text(job.Result));
        table.Write(output.Answers, output.AnswersOnTerminal);
    }

    private static string? Text(ReadOnlyMemory<byte> json) => json.IsEmpty ? null : Encoding.UTF8.GetString(json.Span);
}
