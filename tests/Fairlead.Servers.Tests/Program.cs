using Fairlead.Bench.Cluster;
using Fairlead.Servers.Tests.PostgreSql.BadDays;

namespace Fairlead.Servers.Tests;

/// <summary>The tests, or another process for one of them: one of the nodes of a cluster, or what the environment says.</summary>
public static class Program
{
    public static async Task<int> Main(string[] args) =>
        args is [ClusterNode.Role, ..] ? await ClusterNode.PlayAsync(args)
        : await OtherProcess.PlayRoleAsync() ? 0
        : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
}
