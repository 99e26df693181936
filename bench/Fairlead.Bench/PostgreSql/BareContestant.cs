using System.Diagnostics;
using System.Globalization;
using Fairlead.Bench.Floors;
using Fairlead.PostgreSql;

namespace Fairlead.Bench.PostgreSql;

/// <summary>The bare statements, as a <see cref="Contestant" />.</summary>
internal static class BareContestant
{
    public static async Task<int> RunAsync(string url, int jobs, int perBatch, int connections)
    {
        await using var floor = new PostgreSqlFloor(PostgreSqlUrl.ToConnectionString(url));
        await floor.FillAsync(jobs);
        Console.WriteLine("filled");
        Console.ReadLine();
        var began = Stopwatch.GetTimestamp();
        await floor.CompleteAsync(perBatch, connections);
        Console.WriteLine($"drained {Stopwatch.GetElapsedTime(began).TotalSeconds.ToString(CultureInfo.InvariantCulture)}");
        return 0;
    }
}
