using System.Diagnostics;
using System.Globalization;
using Fairlead.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Bench.PostgreSql;

/// <summary>The whole engine on a PostgreSQL store, as a <see cref="Contestant" />.</summary>
internal static class FairleadContestant
{
    public static async Task<int> RunAsync(string url, int jobs)
    {
        using (var producer = BenchNode.Build(url, new Countdown(jobs), runs: false))
        {
            await EngineBench.FillAsync(producer.Services.GetRequiredService<JobClient>(), jobs);
        }
        Console.WriteLine("filled");
        Console.ReadLine();
        var seconds = await DrainAsync(url, jobs);
        Console.WriteLine($"drained {seconds.ToString(CultureInfo.InvariantCulture)}");
        return 0;
    }

    private static async Task<double> DrainAsync(string url, int jobs)
    {
        var drained = new Countdown(jobs);
        using var host = BenchNode.Build(url, drained, runs: true);
        var began = Stopwatch.GetTimestamp();
        await host.StartAsync();
        await drained.Task;
        var store = host.Services.GetRequiredService<IJobStore>();
        while ((await store.ListQueuesAsync()).Sum(static queue => queue.Jobs.Completed) < jobs)
        {
            await Task.Delay(1);
        }
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        await host.StopAsync();
        return seconds;
    }
}
