namespace Fairlead.Bench.PostgreSql;

/// <summary>The figures of the PostgreSQL store, each beside its floor and its peers in the same run, on a server that is started for it.</summary>
internal static class PostgreSqlBench
{
    private const string Expected = """
        Expected one of:
          postgresql drain     [--jobs 200000] [--runs 3] [--latency 1ms] [--only names]
          postgresql enqueue   [--jobs 200000] [--runs 3] [--latency 1ms] [--seconds 5]
          postgresql pickup    [--tries 200] [--seconds 30]
          postgresql growth    [--jobs 1000000] [--groups 100000]
          postgresql snapshot  [--minutes 1] [--seconds 30]
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            return await ChooseAsync(args);
        }
        catch (ArgumentException error)
        {
            Console.Error.WriteLine(error.Message);
            return 2;
        }
    }

    private static Task<int> ChooseAsync(string[] args) => args switch
    {
        ["drain", .. var rest] => DrainBench.RunAsync(BenchOptions.Parse(rest)),
        ["enqueue", .. var rest] => EnqueueBench.RunAsync(BenchOptions.Parse(rest)),
        ["pickup", .. var rest] => PickupBench.RunAsync(BenchOptions.Parse(rest)),
        ["growth", .. var rest] => GrowthBench.RunAsync(BenchOptions.Parse(rest)),
        ["snapshot", .. var rest] => SnapshotBench.RunAsync(BenchOptions.Parse(rest)),
        // What these start in processes of their own.
        ["contend", var url, var jobs] => FairleadContestant.RunAsync(url, int.Parse(jobs)),
        ["contend-bare", var perBatch, var connections, var url, var jobs] => BareContestant.RunAsync(url, int.Parse(jobs), int.Parse(perBatch), int.Parse(connections)),
        ["node", var url, var says] => BenchNode.ServeAsync(url, says),
        _ => throw new ArgumentException(Expected),
    };
}
