using System.Globalization;
using Fairlead.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Fairlead.Bench.PostgreSql;

/// <summary>A node works as fast as it can from a backlog that never ends, while somebody's transaction stays open and keeps every dead row from being cleared away.</summary>
internal static class SnapshotBench
{
    private const int Backlog = 30_000, PerCall = 10_000;
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(BenchOptions options)
    {
        var (beside, held) = (options.Seconds ?? TimeSpan.FromSeconds(30), options.Minutes ?? TimeSpan.FromMinutes(1));
        await using var server = await BenchServer.StartAsync();
        var database = await server.NewDatabaseAsync();
        using var producer = BenchNode.Build(server.Url(database), new Countdown(1), runs: false);
        using var stop = new CancellationTokenSource();
        var filling = FillAsync(producer.Services.GetRequiredService<JobClient>(), stop.Token);
        using var node = await BenchNode.StartAsync(server.Url(database), "quiet");
        var meter = new Meter(producer.Services.GetRequiredService<IJobStore>(), server.ConnectionString(database));
        await meter.PhaseAsync("", s_interval);
        Table.Head("phase", "jobs/s", "slowest 10 s", "of before", "dead rows at its end");
        var before = await meter.PhaseAsync("before", beside);
        Print(before, before);
        await using (await HoldAsync(server.ConnectionString(database)))
        {
            Print(await meter.PhaseAsync(string.Create(CultureInfo.InvariantCulture, $"a transaction open for {held.TotalMinutes:0} min"), held), before);
        }
        Print(await meter.PhaseAsync("the 2 min after it ended", TimeSpan.FromMinutes(2)), before);
        Print(await meter.PhaseAsync("after that", beside), before);
        await stop.CancelAsync();
        await filling;
        node.StandardInput.Close();
        await node.WaitForExitAsync();
        return 0;
    }

    private static void Print(Phase phase, Phase before)
    {
        Table.Row(phase.Name, phase.Speed.Mean.ToString("N0", CultureInfo.InvariantCulture), phase.Speed.Least.ToString("N0", CultureInfo.InvariantCulture), Times(phase.Speed.Mean, before), phase.DeadRows.ToString("N0", CultureInfo.InvariantCulture));
        Console.Error.WriteLine($"{phase.Name}: {string.Join(' ', phase.Intervals.Select(static rate => rate.ToString("N0", CultureInfo.InvariantCulture)))}");
    }

    private static string Times(double speed, Phase before) => string.Create(CultureInfo.InvariantCulture, $"{speed / before.Speed.Mean:0.00} ×");

    private static async Task FillAsync(JobClient client, CancellationToken stop)
    {
        await client.EnqueueManyAsync([new NoOp(0)], cancellationToken: default);
        while (!stop.IsCancellationRequested)
        {
            while ((await client.Store.ListQueuesAsync(default)).Single().Jobs.Queued < Backlog)
            {
                await client.EnqueueManyAsync(Enumerable.Range(0, PerCall).Select(static n => new NoOp(n)), cancellationToken: default);
            }
            await Task.Delay(100, CancellationToken.None);
        }
    }

    /// <summary>A transaction that has looked once and is then forgotten.</summary>
    private static async Task<NpgsqlConnection> HoldAsync(string connectionString)
    {
        var connection = new NpgsqlConnection($"{connectionString};Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class", connection);
        await command.ExecuteScalarAsync();
        return connection;
    }

    /// <summary>How fast jobs ended, in each interval of a phase.</summary>
    private sealed record Phase(string Name, List<double> Intervals, long DeadRows)
    {
        public (double Mean, double Least) Speed => (Intervals.Average(), Intervals.Min());
    }

    private sealed class Meter(IJobStore store, string connectionString)
    {
        public async Task<Phase> PhaseAsync(string name, TimeSpan time)
        {
            var intervals = new List<double>();
            var (at, ended) = (TimeProvider.System.GetTimestamp(), await EndedAsync());
            for (var left = time; left > TimeSpan.Zero; left -= s_interval)
            {
                await Task.Delay(s_interval);
                var (now, all) = (TimeProvider.System.GetTimestamp(), await EndedAsync());
                intervals.Add((all - ended) / TimeProvider.System.GetElapsedTime(at, now).TotalSeconds);
                (at, ended) = (now, all);
            }
            return new Phase(name, intervals, await DeadRowsAsync());
        }

        private async Task<long> EndedAsync() => (await store.ListQueuesAsync()).Sum(static queue => (long)queue.Jobs.Completed);

        private async Task<long> DeadRowsAsync()
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("SELECT coalesce(sum(n_dead_tup), 0)::bigint FROM pg_stat_user_tables", connection);
            return (long)(await command.ExecuteScalarAsync())!;
        }
    }
}
