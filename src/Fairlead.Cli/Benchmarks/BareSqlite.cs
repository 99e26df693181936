using Microsoft.Data.Sqlite;

namespace Fairlead.Cli.Benchmarks;

/// <summary>The floor: what SQLite itself does with the least a durable queue needs, a job being one row in and then a claim, a delete and a history row.</summary>
internal static class BareSqlite
{
    private const string Schema = """
        PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
        CREATE TABLE job(id INTEGER PRIMARY KEY, state INTEGER NOT NULL, payload BLOB NOT NULL);
        CREATE TABLE history(id INTEGER PRIMARY KEY, ended INTEGER NOT NULL, payload BLOB NOT NULL);
        """;

    /// <summary>Rows inserted, and jobs moved through, a second.</summary>
    public static (double Inserts, double Moves) Measure(string path, int jobs, int perTransaction, byte[] payload, TimeProvider time)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        Execute(connection, Schema);
        var inserts = Rate(connection, "INSERT INTO job(id, state, payload) VALUES ($id, 0, $payload)", jobs, perTransaction, payload, time);
        var moves = Rate(
            connection,
            "UPDATE job SET state = 1 WHERE id = $id; INSERT INTO history(id, ended, payload) VALUES ($id, 1, $payload); DELETE FROM job WHERE id = $id",
            jobs, perTransaction, payload, time);
        return (inserts, moves);
    }

    private static double Rate(SqliteConnection connection, string statement, int jobs, int perTransaction, byte[] payload, TimeProvider time)
    {
        var commands = Array.ConvertAll(statement.Split("; "), text => Prepare(connection, text, payload));
        var began = time.GetTimestamp();
        for (var first = 1; first <= jobs; first += perTransaction)
        {
            Execute(connection, "BEGIN IMMEDIATE");
            for (var id = first; id < first + perTransaction; id++)
            {
                foreach (var command in commands)
                {
                    command.Parameters["$id"].Value = id;
                    command.ExecuteNonQuery();
                }
            }
            Execute(connection, "COMMIT");
        }
        Array.ForEach(commands, command => command.Dispose());
        return jobs / time.GetElapsedTime(began).TotalSeconds;
    }

    private static SqliteCommand Prepare(SqliteConnection connection, string text, byte[] payload)
    {
        var command = connection.CreateCommand();
        command.CommandText = text;
        command.Parameters.AddWithValue("$id", 0L);
        if (text.Contains("$payload", StringComparison.Ordinal))
        {
            command.Parameters.AddWithValue("$payload", payload);
        }
        command.Prepare();
        return command;
    }

    private static void Execute(SqliteConnection connection, string text)
    {
        using var command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }
}
