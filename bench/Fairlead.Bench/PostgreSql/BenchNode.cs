using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Bench.PostgreSql;

/// <summary>A host with one queue of no-op jobs on a PostgreSQL store, with the settings an application gets when it sets none.</summary>
internal static class BenchNode
{
    public static IHost Build(string url, ISawJob seen, bool runs)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton(seen);
        builder.Services.AddFairlead(fairlead =>
        {
            fairlead.UsePostgreSql(url).AddJob<NoOp, NoOpHandler>("noop", "noop");
            if (runs)
            {
                fairlead.RunWorkers();
            }
        });
        return builder.Build();
    }

    /// <summary>Runs one until its standard input closes; with <c>stamps</c> it writes a time stamp when a job starts.</summary>
    public static async Task<int> ServeAsync(string url, string says)
    {
        using var host = Build(url, says == "stamps" ? new Stamps() : new Countdown(int.MaxValue), runs: true);
        await host.StartAsync();
        Console.WriteLine("ready");
        await Console.In.ReadToEndAsync();
        await host.StopAsync();
        return 0;
    }

    /// <summary>Starts one in a process of its own.</summary>
    public static async Task<Process> StartAsync(string url, string says)
    {
        var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["postgresql", "node", url, says]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        return await process.StandardOutput.ReadLineAsync() == "ready" ? process : throw new InvalidOperationException("A node did not start.");
    }
}
