using Fairlead.Servers.Tests.PostgreSql.BadDays;

namespace Fairlead.Servers.Tests;

/// <summary>The tests, or, when the environment says so, another process for one of them.</summary>
public static class Program
{
    public static async Task<int> Main(string[] args) =>
        await OtherProcess.PlayRoleAsync() ? 0 : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
}
