using System.CommandLine;
using Fairlead.AspNetCore.Bodies;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead retry ID|NAME…</c>: failed and cancelled work is ready again, with all its retries.</summary>
internal static class RetryCommand
{
    public const string Name = "retry";

    private static readonly Argument<string[]> Ids = JobArgument.CreateMany();
    private static readonly Option<bool> Json = CommonOptions.Json();

    public static Command Create() => new Command(Name, "Make failed or cancelled jobs ready again, or all such items of runs and batches.").With(Ids, Json).Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        var answers = new List<RetriedBody>();
        foreach (var text in context.Value(Ids)!)
        {
            var job = await JobArgument.FindAsync(store, text, context.Cancelled);
            var retried = await store.RetryAsync(job.Id, context.Cancelled) ?? 0;
            answers.Add(new RetriedBody(job.Id.Value, retried));
            Say(context, job, retried);
        }
        if (context.Value(Json))
        {
            context.Output.Json([.. answers], WireJson.Wire.RetriedBodyArray);
        }
        return ExitCode.AllWell;
    }

    private static void Say(CommandContext context, Job job, int retried)
    {
        if (context.Value(Json))
        {
            return;
        }
        context.Output.Line(retried == 0 ? $"{job.Id}: nothing failed or cancelled" : $"{job.Id}: {retried} ready again");
        if (retried > 0 && Runs.RunPlan.TryRead(job) is not null)
        {
            context.Output.Message($"They run when the run goes on: fairlead run --resume {job.BatchState!.Name ?? job.Id.ToString()}");
        }
    }
}
