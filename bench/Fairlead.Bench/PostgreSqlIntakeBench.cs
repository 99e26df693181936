using System.Diagnostics;
using System.Globalization;
using Fairlead.PostgreSql;
using Fairlead.Storage;
using Npgsql;
using NpgsqlTypes;

namespace Fairlead.Bench;

/// <summary>How fast jobs come in on a server with default durability: one at a time from many callers, and many at once beside a bare COPY of the same rows.</summary>
internal static class PostgreSqlIntakeBench
{
    private const int Callers = 64;
    private static readonly JobKind Kind = new("work");
    private static readonly byte[] Payload = """{"asin":"B0123456789","region":"eu"}"""u8.ToArray();

    public static async Task<int> RunAsync(string[] arguments)
    {
        var jobs = arguments is [var number, ..] ? int.Parse(number, CultureInfo.InvariantCulture) : 200_000;
        await using var server = await PostgreSqlServer.StartAsync(durable: true);
        await using var store = new PostgreSqlJobStore(server.ConnectionString());
        await store.OpenAsync();
        await SingleAsync(store, jobs / 5);
        for (var round = 0; round < 3; round++)
        {
            var bare = await MeasureAsync("bare COPY into both tables", jobs, () => BareCopyAsync(server, jobs));
            var batch = await MeasureAsync("one batch", jobs, async () => await store.EnqueueBatchAsync(new() { Queue = "batch", Items = Jobs("batch", jobs) }));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  ratio {batch / bare:0.00}"));
            await MeasureAsync("one list", jobs, async () => await store.EnqueueAsync(Jobs("list", jobs)));
        }
        return 0;
    }

    private static async Task SingleAsync(PostgreSqlJobStore store, int jobs)
    {
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => OneCallerAsync(store, 20)));
        var before = store.Work;
        await MeasureAsync($"single awaited enqueues, {Callers} callers", jobs, () => Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => OneCallerAsync(store, jobs / Callers))));
        var (commits, trips, statements) = (store.Work.Commits - before.Commits, store.Work.RoundTrips - before.RoundTrips, store.Work.Statements - before.Statements);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  per job {(double)commits / jobs:0.000} commits, {(double)trips / jobs:0.000} round trips, {(double)statements / jobs:0.000} statements"));
    }

    private static async Task OneCallerAsync(PostgreSqlJobStore store, int jobs)
    {
        for (var i = 0; i < jobs; i++)
        {
            await store.EnqueueAsync(Jobs("single", 1));
        }
    }

    private static NewJob[] Jobs(string queue, int number) => [.. Enumerable.Range(0, number).Select(_ => new NewJob { Queue = queue, Kind = Kind, Payload = Payload })];

    private static async Task<double> MeasureAsync(string what, int jobs, Func<Task> work)
    {
        var began = Stopwatch.GetTimestamp();
        await work();
        var perSecond = jobs / Stopwatch.GetElapsedTime(began).TotalSeconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {perSecond:N0}/s"));
        return perSecond;
    }

    private static async Task BareCopyAsync(PostgreSqlServer server, int jobs)
    {
        await server.ExecuteAsync("DROP TABLE IF EXISTS bare_job, bare_ready; CREATE TABLE bare_job(LIKE fairlead.job INCLUDING ALL); CREATE TABLE bare_ready(LIKE fairlead.ready INCLUDING ALL)");
        await using var connection = new NpgsqlConnection(server.ConnectionString() + ";Pooling=false");
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        CopyJobs(connection, jobs);
        CopyReady(connection, jobs);
        await transaction.CommitAsync();
    }

    private static void CopyJobs(NpgsqlConnection connection, int jobs)
    {
        using var rows = connection.BeginBinaryImport("COPY bare_job(id, queue, kind, priority, enqueued_at, batch, flags, payload) FROM STDIN (FORMAT BINARY)");
        for (long id = 1; id <= jobs; id++)
        {
            rows.StartRow();
            foreach (var value in (ReadOnlySpan<long>)[id, 1, 1, 0, 1_700_000_000_000_000, 1, 0])
            {
                rows.Write(value, NpgsqlDbType.Bigint);
            }
            rows.Write(Payload, NpgsqlDbType.Bytea);
        }
        rows.Complete();
    }

    private static void CopyReady(NpgsqlConnection connection, int jobs)
    {
        using var rows = connection.BeginBinaryImport("COPY bare_ready(queue, kind, priority, job, batch, flags, attempt, fence, lost, since) FROM STDIN (FORMAT BINARY)");
        for (long id = 1; id <= jobs; id++)
        {
            rows.StartRow();
            foreach (var value in (ReadOnlySpan<long>)[1, 1, 0, id, 1, 0, 0, 0, 0, 1_700_000_000_000_000])
            {
                rows.Write(value, NpgsqlDbType.Bigint);
            }
        }
        rows.Complete();
    }
}
