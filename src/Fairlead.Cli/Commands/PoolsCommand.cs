using System.CommandLine;
using System.Globalization;
using Fairlead.AspNetCore.Bodies;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead pools</c>: what the processes of each queue do on each node, and why they ended.</summary>
internal static class PoolsCommand
{
    public const string Name = "pools";

    private static readonly Option<bool> Json = CommonOptions.Json();

    public static Command Create() => new Command(Name, "The processes of each queue on each live node: their use, their pace, why they ended, what last went wrong.").With(Json).Does(RunAsync);

    private static async Task<int> RunAsync(CommandContext context)
    {
        var store = await context.OpenExistingStoreAsync();
        NodePoolBody[] pools = [.. (await store.ListPoolsAsync(context.Cancelled)).Select(NodePoolBody.Of)];
        if (context.Value(Json))
        {
            context.Output.Json(pools, WireJson.Wire.NodePoolBodyArray);
            return ExitCode.AllWell;
        }
        var table = new Table("queue", "label", "node", "processes", "use", "jobs/min", "average", "p95", "starts/min", "ends/min", "ended", "backs off until", "last error");
        foreach (var pool in pools)
        {
            table.Add(Row(pool));
        }
        context.Output.Table(table);
        return ExitCode.AllWell;
    }

    private static string[] Row(NodePoolBody pool) =>
    [
        pool.Queue, pool.Label, pool.NodeName, $"{pool.Processes}/{pool.Most}", string.Create(CultureInfo.InvariantCulture, $"{100 * pool.Use:0} %"),
        $"{pool.JobsPerMinute}", Seconds(pool.AverageSeconds), Seconds(pool.P95Seconds), $"{pool.StartsPerMinute}", $"{pool.EndsPerMinute}",
        pool.Ends.Count == 0 ? "-" : string.Join(", ", pool.Ends.OrderByDescending(static end => end.Value).Select(static end => $"{end.Key} {end.Value}")),
        Table.Time(pool.BacksOffUntil) ?? "-",
        pool.LastError is { } error ? $"{Table.Time(pool.LastErrorAt)} {error}".TrimStart() : "-",
    ];

    /// <summary>No attempt has ended yet where it is nothing.</summary>
    private static string Seconds(double seconds) => seconds == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{seconds:0.###} s");
}
