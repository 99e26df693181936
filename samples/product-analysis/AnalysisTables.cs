using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Fairlead.Samples.ProductAnalysis;

/// <summary>
/// The program's own tables, in the file that holds the jobs too, so that an analysis and its jobs begin in one transaction. Everything
/// written here may be written twice: the newer state wins, whoever comes last.
/// </summary>
public sealed class AnalysisTables(string file, TimeProvider time)
{
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS analysis_jobs(
            id INTEGER PRIMARY KEY,             -- GET /api/v1/jobs/{id}
            status TEXT NOT NULL,
            total_items INTEGER NOT NULL,
            processed_items INTEGER NOT NULL DEFAULT 0,
            success_count INTEGER NOT NULL DEFAULT 0,
            error_count INTEGER NOT NULL DEFAULT 0,
            cancelled_count INTEGER NOT NULL DEFAULT 0,
            generation INTEGER NOT NULL DEFAULT 1,
            updates INTEGER NOT NULL DEFAULT 0,  -- how often progress was pushed
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            finished_at TEXT);
        CREATE TABLE IF NOT EXISTS analysis_results(
            analysis INTEGER NOT NULL, asin TEXT NOT NULL, own_price INTEGER NOT NULL, usual_price INTEGER NOT NULL, fence INTEGER NOT NULL,
            PRIMARY KEY(analysis, asin)) WITHOUT ROWID;
        """;

    // A state that is older than what stands there changes nothing: a retry of failed products opens the next generation.
    private const string Progress = """
        UPDATE analysis_jobs SET status = @status, processed_items = @processed, success_count = @success, error_count = @errors, cancelled_count = @cancelled,
            generation = @generation, updates = updates + 1, updated_at = @now, finished_at = @finished
        WHERE id = @id AND (generation, processed_items) <= (@generation, @processed)
        """;

    // An attempt that was given up while it wrote must not undo what a later one has found.
    private const string Result = """
        INSERT INTO analysis_results(analysis, asin, own_price, usual_price, fence) VALUES (@analysis, @asin, @own, @usual, @fence)
        ON CONFLICT(analysis, asin) DO UPDATE SET own_price = excluded.own_price, usual_price = excluded.usual_price, fence = excluded.fence
        WHERE excluded.fence >= fence
        """;

    /// <summary>Makes what is not there yet.</summary>
    public void Create()
    {
        using var connection = Open();
        Execute(connection, Schema);
    }

    /// <summary>A connection that waits for other writers.</summary>
    public SqliteConnection Open()
    {
        var connection = new SqliteConnection($"Data Source={file}");
        connection.Open();
        Execute(connection, "PRAGMA busy_timeout = 30000");
        return connection;
    }

    /// <summary>Adds an analysis, in the transaction that enqueues its jobs.</summary>
    public void Add(SqliteTransaction transaction, JobId id, int products) => Execute(
        transaction.Connection!,
        "INSERT INTO analysis_jobs(id, status, total_items, created_at, updated_at) VALUES (@id, 'queued', @total, @now, @now)",
        ("@id", id.Value), ("@total", products), ("@now", Now));

    /// <summary>Writes down how far an analysis has come.</summary>
    public void SaveProgress(Job analysis)
    {
        var (items, generation) = (analysis.BatchState!.Items, analysis.BatchState.Generation);
        using var connection = Open();
        Execute(
            connection, Progress,
            ("@id", analysis.Id.Value), ("@status", analysis.Status.ToWire()), ("@processed", items.Ended), ("@success", items.Completed), ("@errors", items.Failed),
            ("@cancelled", items.Cancelled), ("@generation", generation), ("@now", Now), ("@finished", analysis.EndedAt is { } ended ? Text(ended) : DBNull.Value));
    }

    /// <summary>Writes down what was found.</summary>
    public void SaveResult(JobId analysis, ProductPrices prices, long fence)
    {
        using var connection = Open();
        Execute(
            connection, Result,
            ("@analysis", analysis.Value), ("@asin", prices.Asin), ("@own", prices.OwnPrice), ("@usual", prices.UsualPrice), ("@fence", fence));
    }

    /// <summary>The analyses that have not been written down as finished.</summary>
    public IReadOnlyList<JobId> Unfinished()
    {
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT id FROM analysis_jobs WHERE finished_at IS NULL";
        using var reader = command.ExecuteReader();
        var ids = new List<JobId>();
        while (reader.Read())
        {
            ids.Add(new JobId(reader.GetInt64(0)));
        }
        return ids;
    }

    private string Now => Text(time.GetUtcNow());

    private static string Text(DateTimeOffset moment) => moment.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private static void Execute(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values)
        {
            command.Parameters.AddWithValue(name, value);
        }
        command.ExecuteNonQuery();
    }
}
