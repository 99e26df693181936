using System.CommandLine;
using Fairlead.AspNetCore.Bodies;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead logs ID|NAME [-f]</c>: what a job, or every item of a run, wrote.</summary>
internal static class LogsCommand
{
    public const string Name = "logs";
    private const int PageSize = 1000;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    private static readonly Argument<string> Id = JobArgument.Create();
    private static readonly Option<bool> Follow = new("--follow", "-f") { Description = "Go on with what comes, until it has ended." };
    private static readonly Option<string?> Grep = new("--grep") { Description = "Only lines that contain this text, whatever the case of ASCII letters.", HelpName = "TEXT" };
    private static readonly Option<bool> Json = CommonOptions.Json();

    public static Command Create() => new Command(Name, "What a job, or every item of a run or batch, wrote.").With(Id, Follow, Grep, Json).Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        var job = await JobArgument.FindAsync(store, context.Value(Id)!, context.Cancelled);
        if (context.Value(Follow))
        {
            await FollowAsync(context, store, job);
        }
        else if (context.Value(Json))
        {
            var lines = new List<LogLineBody>();
            var next = await ReadAsync(context, store, job.Id, 0, line => lines.Add(LogLineBody.Of(line)));
            context.Output.Json(new LogPageBody(lines, next), WireJson.Wire.LogPageBody);
        }
        else
        {
            await ReadAsync(context, store, job.Id, 0, line => Write(context, job, line));
        }
        return ExitCode.AllWell;
    }

    private static async ValueTask FollowAsync(CommandContext context, IJobStore store, Job job)
    {
        var next = 0L;
        while (true)
        {
            // Asked before reading: lines are committed before the end of what wrote them, so none is left unread.
            var ended = await store.GetJobAsync(job.Id, context.Cancelled) is not { } now || now.Status.IsEnded();
            next = await ReadAsync(context, store, job.Id, next, line => Write(context, job, line));
            context.Output.Answers.Flush();
            if (ended)
            {
                return;
            }
            await Task.Delay(Look, context.Time, context.Cancelled);
        }
    }

    private static async ValueTask<long> ReadAsync(CommandContext context, IJobStore store, JobId job, long after, Action<JobLogLine> take)
    {
        while (true)
        {
            var page = await store.ReadLogAsync(job, after, PageSize, context.Value(Grep), context.Cancelled);
            foreach (var line in page.Lines)
            {
                take(line);
            }
            after = page.Next;
            if (page.Lines.Count < PageSize)
            {
                return after;
            }
        }
    }

    private static void Write(CommandContext context, Job job, JobLogLine line)
    {
        if (context.Value(Json))
        {
            context.Output.Json(LogLineBody.Of(line), WireJson.Wire.LogLineBody);
            return;
        }
        var item = job.BatchState is null ? "" : $" {line.Attempt.Job}";
        var level = line.Level is LogLevel.Information ? "" : $" {line.Level.ToString().ToLowerInvariant()}:";
        context.Output.Line($"{line.At:HH:mm:ss.fff}{item}{level} {line.Message}");
    }
}
