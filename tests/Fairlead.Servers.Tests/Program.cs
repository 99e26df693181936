using Fairlead.Bench.Cluster;

namespace Fairlead.Servers.Tests;

/// <summary>The tests, or, when its words say so, one of the nodes of a test's cluster.</summary>
public static class Program
{
    public static async Task<int> Main(string[] args) =>
        args is [ClusterNode.Role, ..] ? await ClusterNode.PlayAsync(args) : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
}
