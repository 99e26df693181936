namespace Fairlead.Sqlite.Tests;

/// <summary>The tests, or, when the environment says so, another process for one of them.</summary>
public static class Program
{
    public static async Task<int> Main(string[] args) =>
        await Child.PlayRoleAsync() ? 0 : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
}
