using System.CommandLine;
using Fairlead.AspNetCore.Bodies;
using Fairlead.Cli.Status;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead nodes</c>: every node of the store, and those that left or died within the last hour.</summary>
internal static class NodesCommand
{
    public const string Name = "nodes";

    private static readonly Option<bool> Json = CommonOptions.Json();

    public static Command Create() => new Command(Name, "Every node of the store: what it runs, when it was last heard of; for an hour those that left or died.").With(Json).Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        NodeBody[] nodes = [.. (await store.ListNodesAsync(context.Cancelled)).Select(NodeBody.Of)];
        if (context.Value(Json))
        {
            context.Output.Json(nodes, WireJson.Wire.NodeBodyArray);
        }
        else
        {
            context.Output.Table(NodeTable.Of(nodes));
        }
        return ExitCode.AllWell;
    }
}
