using System.CommandLine;
using Fairlead.AspNetCore.Bodies;
using Fairlead.Storage;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead jobs</c>: jobs and batches, the newest first.</summary>
internal static class JobsCommand
{
    public const string Name = "jobs";

    private static readonly Option<string?> Queue = new("--queue") { Description = "Only this queue.", HelpName = "QUEUE" };
    private static readonly Option<string?> Status = new("--status")
    {
        Description = "Only this status: scheduled, queued, blocked, processing, completed, failed or cancelled.",
        HelpName = "STATUS",
    };

    private static readonly Option<string?> Group = new("--group") { Description = "Only this group.", HelpName = "KEY" };
    private static readonly Option<string?> Batch = new("--batch") { Description = "The items of this run or batch.", HelpName = "ID|NAME" };
    private static readonly Option<bool> Batches = new("--batches") { Description = "Only runs and batches." };
    private static readonly Option<string?> Cursor = new("--cursor") { Description = "Go on where the last page ended.", HelpName = "ID" };
    private static readonly Option<int?> Limit = CommonOptions.Count("--limit", "At most this many; 1 to 1000, default 100.", 1, 1000);
    private static readonly Option<bool> Json = CommonOptions.Json();

    public static Command Create() => new Command(Name, "List jobs, runs and batches, the newest first.")
        .With(Queue, Status, Group, Batch, Batches, Cursor, Limit, Json)
        .Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        var page = await store.ListJobsAsync(await QueryAsync(context, store), context.Cancelled);
        if (context.Value(Json))
        {
            context.Output.Json(new JobPageBody([.. page.Jobs.Select(static job => JobBody.Of(job))], page.Next?.Value), WireJson.Wire.JobPageBody);
            return ExitCode.AllWell;
        }
        Write(context.Output, page);
        return ExitCode.AllWell;
    }

    private static async ValueTask<JobQuery> QueryAsync(CommandContext context, IJobStore store)
    {
        var batch = context.Value(Batch) is { } text ? (await JobArgument.FindAsync(store, text, context.Cancelled)).Id : null as JobId?;
        return new JobQuery
        {
            Queue = context.Value(Queue),
            Status = context.Value(Status) is { } status ? ReadStatus(status) : null,
            Group = context.Value(Group),
            Batch = batch,
            BatchesOnly = context.Value(Batches),
            NewestFirst = batch is null,
            Cursor = context.Value(Cursor) is { } cursor ? JobId.Parse(cursor) : null,
            Limit = context.Value(Limit) ?? 100,
        };
    }

    internal static JobStatus ReadStatus(string text) => JobStatuses.FromWire(text)
        ?? throw new CommandFailure($"--status expects scheduled, queued, blocked, processing, completed, failed or cancelled; got '{text}'.");

    private static void Write(Output output, JobPage page)
    {
        var table = new Table("id", "status", "queue", "kind", "done", "enqueued", "what");
        foreach (var job in page.Jobs)
        {
            var counts = Counts.Of(job);
            table.Add(
                job.Id.ToString(), job.Status.ToWire(), job.Queue, job.BatchState is null ? job.Kind.ToString() : "batch",
                $"{counts.Processed}/{counts.Total}", job.EnqueuedAt.ToString("yyyy-MM-dd HH:mm:ss", null), What(job));
        }
        output.Table(table);
        if (page.Next is { } next)
        {
            output.Message($"There are more: --cursor {next}");
        }
    }

    private static string What(Job job) => job.BatchState?.Name ?? job.Error ?? (job.Reason is { } reason
        ? $"waits: {Diagnostics.WaitCauses.ToWire(reason.Cause)} {reason.Key}"
        : System.Text.Encoding.UTF8.GetString(job.Payload.Span[..Math.Min(200, job.Payload.Length)]));
}
