using System.CommandLine;
using Fairlead.AspNetCore.Bodies;
using Fairlead.Diagnostics;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead explain ID|NAME</c>: where the time of a job or run went, every second of it put down to one cause.</summary>
internal static class ExplainCommand
{
    public const string Name = "explain";

    private static readonly Argument<string> Id = JobArgument.Create();
    private static readonly Option<bool> Json = CommonOptions.Json();

    public static Command Create() => new Command(Name, "Where the time of a job, run or batch went.").With(Id, Json).Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        var job = await JobArgument.FindAsync(store, context.Value(Id)!, context.Cancelled);
        var explanation = await Explainer.ExplainAsync(store, job.Id, context.Time.GetUtcNow(), context.Cancelled)
            ?? throw new CommandFailure($"Nothing is recorded about job {job.Id}.");
        if (context.Value(Json))
        {
            context.Output.Json(ExplanationBody.Of(explanation), WireJson.Wire.ExplanationBody);
        }
        else
        {
            context.Output.Answers.Write(ExplanationText.Write(explanation));
        }
        return ExitCode.AllWell;
    }
}
