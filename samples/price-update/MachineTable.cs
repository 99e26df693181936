using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Fairlead.Samples.PriceUpdate;

/// <summary>The machines and their prices, in a SQLite file of their own.</summary>
internal sealed class MachineTable(string file)
{
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS machines (
          id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, url TEXT NOT NULL, tier INTEGER NOT NULL,
          price TEXT, currency TEXT, updated_at TEXT NOT NULL, took REAL NOT NULL DEFAULT 0)
        """;

    private const string Insert = "INSERT INTO machines(name, url, tier, updated_at) VALUES ($name, $url, $tier, $at) ON CONFLICT DO NOTHING";

    /// <summary>Those that were updated the longest ago; of these, first what took longest the last time, so that nothing long begins last.</summary>
    private const string Due = """
        SELECT id, name, url, tier FROM (SELECT * FROM machines WHERE updated_at <= $before ORDER BY updated_at, id LIMIT $limit) ORDER BY took DESC, updated_at, id
        """;

    /// <summary>What a request fetched that was begun before the last update is no news: its code may have gone on after its time.</summary>
    private const string Update = "UPDATE machines SET price = $price, currency = $currency, updated_at = $at WHERE id = $id AND updated_at <= $at";

    private const string Note = "UPDATE machines SET took = $took WHERE id = $id";

    private readonly string _connection = $"Data Source={file};Default Timeout=30";

    /// <summary>Makes the table and fills in the machines that it does not know.</summary>
    public void Create(string csv)
    {
        using var connection = Open();
        using var transaction = connection.BeginTransaction();
        Run(connection, Schema);
        foreach (var cells in File.ReadLines(csv).Skip(1).Select(static line => line.Split(',')))
        {
            Run(connection, Insert, ("$name", cells[0]), ("$url", cells[1]), ("$tier", cells[2]), ("$at", $"{cells[3]}T00:00:00Z"));
        }
        transaction.Commit();
    }

    /// <summary>Machines whose price is at least so old.</summary>
    /// <param name="before">Updated then or before.</param>
    /// <param name="limit">At most so many; null for all.</param>
    public IReadOnlyList<Machine> ListDue(DateTimeOffset before, int? limit)
    {
        using var connection = Open();
        using var command = Prepare(connection, Due, ("$before", Text(before)), ("$limit", limit ?? -1));
        using var rows = command.ExecuteReader();
        var due = new List<Machine>();
        while (rows.Read())
        {
            due.Add(new Machine(rows.GetInt64(0), rows.GetString(1), new Uri(rows.GetString(2)), rows.GetInt32(3)));
        }
        return due;
    }

    /// <summary>Keeps a price.</summary>
    /// <param name="machine">Whose.</param>
    /// <param name="price">The price.</param>
    /// <param name="at">When its page was asked for.</param>
    public void Keep(long machine, Price price, DateTimeOffset at)
    {
        using var connection = Open();
        Run(connection, Update, ("$price", price.Amount.ToString(CultureInfo.InvariantCulture)), ("$currency", price.Currency), ("$at", Text(at)), ("$id", machine));
    }

    /// <summary>Notes how long a machine's page took, however it ended.</summary>
    public void NoteTime(long machine, TimeSpan took)
    {
        using var connection = Open();
        Run(connection, Note, ("$took", took.TotalSeconds), ("$id", machine));
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(_connection);
        connection.Open();
        return connection;
    }

    private static void Run(SqliteConnection connection, string sql, params (string Name, object Value)[] values)
    {
        using var command = Prepare(connection, sql, values);
        command.ExecuteNonQuery();
    }

    private static SqliteCommand Prepare(SqliteConnection connection, string sql, params (string Name, object Value)[] values)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values)
        {
            command.Parameters.AddWithValue(name, value);
        }
        return command;
    }

    private static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
