using System.Globalization;
using Fairlead.Keys;
using Fairlead.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Fairlead.Sqlite.Tests;

/// <summary>
/// Pages of listings that overlap, added by whole nodes to a table in the store's own file. The table's unique constraint is the safety net: it is
/// never relied on, and each time it would have been needed is written down.
/// </summary>
internal static class Listings
{
    public const int Pages = 240, PerPage = 20, Step = 5;

    /// <summary>All there are.</summary>
    public const int All = ((Pages - 1) * Step) + PerPage;

    public static async Task CreateTableAsync(string file) => await RunAsync(file, """
        CREATE TABLE jobs (job_source TEXT NOT NULL, source_id INTEGER NOT NULL, UNIQUE (job_source, source_id));
        CREATE TABLE caught (source_id INTEGER NOT NULL);
        """);

    public static async Task<long> CountAsync(string file, string what)
    {
        await using var connection = await ConnectAsync(file);
        return (long)(await Command(connection, null, $"SELECT count({what}").ExecuteScalarAsync())!;
    }

    public static IHost Node(string file, int threads)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddFairlead(f => f
            .UseSqlite($"Data Source={file}")
            .AddQueue("pages", q =>
            {
                q.Retries = 20;
                q.BackoffFirst = TimeSpan.FromMilliseconds(10);
                q.BackoffMax = TimeSpan.FromMilliseconds(50);
            })
            .AddJob("page", (Page page, JobContext context, CancellationToken token) => AddAsync(file, page, context, token), "pages")
            .RunWorkers(options => options.Concurrency = threads));
        return builder.Build();
    }

    /// <summary>The role of another process: a node until its input ends.</summary>
    public static async Task PlayAsync(string file)
    {
        using var host = Node(file, threads: 8);
        await host.StartAsync();
        Console.WriteLine("started");
        await Console.In.ReadToEndAsync();
        await host.StopAsync();
    }

    private static async Task AddAsync(string file, Page page, JobContext context, CancellationToken token)
    {
        var ids = Enumerable.Range(page.N * Step, PerPage).Select(static id => id.ToString(CultureInfo.InvariantCulture));
        await using var once = await context.Once(ids, "loker", cancellationToken: token);
        foreach (var (i, id) in once.New.Index())
        {
            // Every third page breaks in the middle of its first attempt: what it has not added is for others, or its next attempt.
            if (page.N % 3 == 0 && context.Attempt == 1 && i == once.New.Count / 2)
            {
                throw new InvalidOperationException("The page broke in the middle.");
            }
            await AddAsync(file, id, once, token);
        }
        if (once.Held.Count > 0)
        {
            // Whoever holds them may break: this page is complete when they are seen.
            throw new JobDeferredException(TimeSpan.FromMilliseconds(20), "Others are at some of its listings.");
        }
    }

    /// <summary>The row, and that its key is kept: both or neither.</summary>
    private static async Task AddAsync(string file, string id, OnceKeys once, CancellationToken token)
    {
        await using var connection = await ConnectAsync(file);
        await using var transaction = connection.BeginTransaction();
        if (!await once.KeepAsync([id], transaction, token))
        {
            throw new InvalidOperationException("Its attempt is not its own any more.");
        }
        var added = await Command(connection, transaction, $"INSERT OR IGNORE INTO jobs VALUES ('loker', {id})").ExecuteNonQueryAsync(token);
        if (added == 0)
        {
            await Command(connection, transaction, $"INSERT INTO caught VALUES ({id})").ExecuteNonQueryAsync(token);
        }
        await transaction.CommitAsync(token);
    }

    private static async Task RunAsync(string file, string sql)
    {
        await using var connection = await ConnectAsync(file);
        await Command(connection, null, sql).ExecuteNonQueryAsync();
    }

    private static async Task<SqliteConnection> ConnectAsync(string file)
    {
        var connection = new SqliteConnection($"Data Source={file}");
        await connection.OpenAsync();
        await Command(connection, null, "PRAGMA busy_timeout = 30000").ExecuteNonQueryAsync();
        return connection;
    }

    private static SqliteCommand Command(SqliteConnection connection, SqliteTransaction? transaction, string sql) =>
        new(sql, connection, transaction);

    public sealed record Page(int N);
}
