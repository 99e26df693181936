using System.Globalization;

namespace Fairlead.Bench.Soak;

/// <summary><c>soak [minutes]</c>, 60 by default; its result is in docs/cluster.md.</summary>
internal static class SoakBench
{
    public static async Task<int> RunAsync(string[] args)
    {
        var minutes = args.Length > 0 ? double.Parse(args[0], CultureInfo.InvariantCulture) : 60;
        await using var server = await PostgreSqlServer.StartAsync(durable: true);
        var findings = await new SoakRun(server, TimeSpan.FromMinutes(minutes)).RunAsync();
        foreach (var sample in findings.Samples)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{sample.At.TotalSeconds,7:0} s  managed {sample.Managed / 1048576.0,7:0.0} MiB  resident {sample.Resident / 1048576,5} MiB  p50 {sample.P50,7:0.0} ms  p99 {sample.P99,7:0.0} ms  tables {sample.Tables / 1048576.0,8:0.0} MiB"));
        }
        Console.WriteLine(findings);
        return findings.Done >= findings.Enqueued && findings.IsFlat ? 0 : 1;
    }
}
