using System.CommandLine;
using Fairlead.AspNetCore.Bodies;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead cancel ID|NAME…</c>: what waits is cancelled now, what runs is told to stop.</summary>
internal static class CancelCommand
{
    public const string Name = "cancel";

    private static readonly Argument<string[]> Ids = JobArgument.CreateMany();
    private static readonly Option<bool> Json = CommonOptions.Json();

    public static Command Create() => new Command(Name, "Cancel jobs, or all unfinished items of runs and batches.").With(Ids, Json).Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        var answers = new List<CancelledBody>();
        foreach (var text in context.Value(Ids)!)
        {
            var job = await JobArgument.FindAsync(store, text, context.Cancelled);
            var result = await store.CancelAsync(job.Id, context.Cancelled) ?? default;
            answers.Add(new CancelledBody(job.Id.Value, result.Cancelled, result.Running));
        }
        if (context.Value(Json))
        {
            context.Output.Json([.. answers], WireJson.Wire.CancelledBodyArray);
            return ExitCode.AllWell;
        }
        answers.ForEach(answer => context.Output.Line(Text(answer)));
        return ExitCode.AllWell;
    }

    private static string Text(CancelledBody answer) => (answer.Cancelled, answer.Running) switch
    {
        (0, 0) => $"{answer.Id}: had ended already, nothing to cancel",
        (var waiting, 0) => $"{answer.Id}: {waiting} cancelled",
        var (waiting, running) => $"{answer.Id}: {waiting} cancelled, {running} running and told to stop",
    };
}
