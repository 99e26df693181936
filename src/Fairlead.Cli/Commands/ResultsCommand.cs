using System.CommandLine;
using System.Text;
using Fairlead.AspNetCore.Bodies;
using Fairlead.Storage;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead results ID|NAME</c>: how each item of a run or batch ended, in the order of the items.</summary>
internal static class ResultsCommand
{
    public const string Name = "results";
    private const int PageSize = 1000;

    private static readonly Argument<string> Id = JobArgument.Create();
    private static readonly Option<string?> Status = new("--status") { Description = "Only items of this status.", HelpName = "STATUS" };
    private static readonly Option<bool> Json = CommonOptions.Json();

    public static Command Create() => new Command(Name, "How each item of a run or batch ended: status, item, result or error.").With(Id, Status, Json).Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        var job = await JobArgument.FindAsync(store, context.Value(Id)!, context.Cancelled);
        var status = context.Value(Status) is { } text ? JobsCommand.ReadStatus(text) : null as JobStatus?;
        var items = job.BatchState is null ? OneAsync(job) : ItemsAsync(store, job.Id, status, context.Cancelled);
        if (context.Value(Json))
        {
            await WriteJsonAsync(context.Output, items);
        }
        else
        {
            await WriteLinesAsync(context.Output, items);
        }
        return ExitCode.AllWell;
    }

    private static async IAsyncEnumerable<Job> OneAsync(Job job)
    {
        await Task.CompletedTask;
        yield return job;
    }

    private static async IAsyncEnumerable<Job> ItemsAsync(
        IJobStore store, JobId batch, JobStatus? status, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var query = new JobQuery { Batch = batch, Status = status, Limit = PageSize };
        while (true)
        {
            var page = await store.ListJobsAsync(query, cancellationToken);
            foreach (var job in page.Jobs)
            {
                yield return job;
            }
            if (page.Next is not { } next)
            {
                yield break;
            }
            query = query with { Cursor = next };
        }
    }

    /// <summary>One page with everything, written item by item: a batch may be larger than memory.</summary>
    private static async ValueTask WriteJsonAsync(Output output, IAsyncEnumerable<Job> items)
    {
        output.Answers.Write("{\"jobs\":[");
        var separator = "";
        await foreach (var item in items)
        {
            output.Answers.Write(separator);
            output.Answers.Write(System.Text.Json.JsonSerializer.Serialize(JobBody.Of(item), WireJson.Wire.JobBody));
            separator = ",";
        }
        output.Answers.WriteLine("],\"next\":null}");
    }

    private static async ValueTask WriteLinesAsync(Output output, IAsyncEnumerable<Job> items)
    {
        await foreach (var item in items)
        {
            var outcome = item.Status == JobStatus.Failed && item.LastOutcome == AttemptOutcome.TimedOut ? AttemptOutcome.TimedOut.ToWire() : item.Status.ToWire();
            output.Line(string.Join('\t', outcome, Table.OneLine(Text(item.Payload)), Table.OneLine(item.Error is { } error && item.Status != JobStatus.Completed ? error : Text(item.Result))));
        }
    }

    /// <summary>A JSON string without its quotes, anything else as it is.</summary>
    private static string Text(ReadOnlyMemory<byte> json) => json.IsEmpty ? "" : Runs.RunLine.TryRead(json) ?? Encoding.UTF8.GetString(json.Span);
}
