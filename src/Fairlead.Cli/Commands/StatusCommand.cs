using System.CommandLine;
using Fairlead.AspNetCore.Bodies;
using Fairlead.Cli.Status;

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
        if (context.Value(Json))
        {
            var now = context.Time.GetUtcNow();
            context.Output.Json([.. (await store.ListQueuesAsync(context.Cancelled)).Select(queue => StatusBody.Of(queue, now))], WireJson.Wire.StatusBodyArray);
        }
        else
        {
            context.Output.Line(await StatusText.ReadAsync(store, context.Cancelled));
        }
        return ExitCode.AllWell;
    }
}
