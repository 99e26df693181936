using System.Diagnostics;
using Fairlead.Processes;
using Fairlead.Tests.Processes;

#pragma warning disable MA0047 // .NET looks for it outside every namespace

/// <summary>Lets this test program be started again as a node with two stubborn trees, to be killed or stopped from outside.</summary>
internal static class StartupHook
{
    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(TestNode.Variable) is { } order)
        {
            Environment.SetEnvironmentVariable(TestNode.Variable, null);
            TestNode.RunAsync(order.Split(' ')).GetAwaiter().GetResult();
            Environment.Exit(0);
        }
    }
}

namespace Fairlead.Tests.Processes
{
    internal static class TestNode
    {
        public const string Variable = "FAIRLEAD_TEST_NODE";

        public static Process Start(string tag, double lease, string rung = nameof(Rung.Best))
        {
            var start = new ProcessStartInfo(WardenHarness.Command.Arguments[0]) { RedirectStandardOutput = true, UseShellExecute = false };
            start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(TestNode).Assembly.Location;
            start.Environment[Variable] = $"{tag} {lease} {rung}";
            return Process.Start(start)!;
        }

        public static async Task RunAsync(string[] order)
        {
            var (tag, lease, rung) = (order[0], double.Parse(order[1]), Enum.Parse<Rung>(order[2]));
            await using var warden = await WardenHarness.StartAsync(rung, TimeSpan.FromSeconds(lease));
            var runs = new[] { warden.RunAsync(WardenHarness.StubbornTree(tag)), warden.RunAsync(WardenHarness.StubbornTree(tag)) };
            await WardenHarness.UntilAsync(() => WardenHarness.Living(tag).Count >= 2 * WardenHarness.StubbornTreeSize, "both trees are up");
            Console.WriteLine(warden.Pid);
            var exits = await Task.WhenAll(runs);
            Console.WriteLine(string.Join(' ', exits.Select(exit => exit.Reason)));
            Console.WriteLine($"again {(await warden.RunAsync("exit 0")).ExitCode}");
        }
    }
}
