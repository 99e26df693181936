using System.CommandLine;
using Fairlead.AspNetCore.Bodies;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead status</c>: one line, <c>AI: 3/3 workers, 4 jobs | UPLOAD: 2/2 workers, 1 job</c>.</summary>
internal static class StatusCommand
{
    public const string Name = "status";

    private static readonly Option<bool> Json = CommonOptions.Json();

    public static Command Create() => new Command(Name, "All queues in one line: how many workers run, how many jobs wait.").With(Json).Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        var now = context.Time.GetUtcNow();
        StatusBody[] queues = [.. (await store.ListQueuesAsync(context.Cancelled)).Select(queue => StatusBody.Of(queue, now))];
        if (context.Value(Json))
        {
            context.Output.Json(queues, WireJson.Wire.StatusBodyArray);
        }
        else
        {
            context.Output.Line(Line(queues));
        }
        return ExitCode.AllWell;
    }

    /// <summary>Queues of runs that are over are left out: each run leaves one behind, and they say nothing.</summary>
    internal static string Line(IEnumerable<StatusBody> queues)
    {
        var parts = queues.Where(queue => !IsFinishedRun(queue)).Select(Part).ToArray();
        return parts.Length == 0 ? "No queue has work." : string.Join(" | ", parts);
    }

    private static bool IsFinishedRun(StatusBody queue) =>
        queue.Queue.StartsWith(Runs.RunPlan.QueuePrefix, StringComparison.Ordinal) && queue.Running + Waiting(queue) == 0;

    private static string Part(StatusBody queue)
    {
        var workers = queue.MaxConcurrent is { } most ? $"{queue.Running}/{most}" : $"{queue.Running}";
        var waiting = Waiting(queue);
        return $"{queue.Label}: {workers} workers, {waiting} {(waiting == 1 ? "job" : "jobs")}";
    }

    private static long Waiting(StatusBody queue) => queue.Queued + queue.Scheduled + queue.Blocked;
}
