using System.Diagnostics;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Fairlead.Bench.Floors;

/// <summary>Bare statements on the same machine in the same run: what the file itself can do, 500 rows a transaction, every commit flushed.</summary>
internal sealed class SqliteFloor : IDisposable
{
    private const int PerTransaction = 500;

    private readonly SqliteConnection connection;

    public SqliteFloor(string path)
    {
        connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000");
        Execute("CREATE TABLE job(id INTEGER PRIMARY KEY, queue INTEGER, payload BLOB); CREATE TABLE history(id INTEGER PRIMARY KEY, ended INTEGER)");
    }

    /// <summary>Rows inserted per second.</summary>
    public double Insert(int rows)
    {
        var payload = new byte[20];
        using var insert = new Bare(connection, "INSERT INTO job(id, queue, payload) VALUES (?1, 1, ?2)");
        return Rate(rows, (from, to) =>
        {
            for (var id = from; id < to; id++)
            {
                insert.Bind(1, id);
                raw.sqlite3_bind_blob(insert.Handle, 2, payload);
                insert.Run();
            }
        });
    }

    /// <summary>Rows read, deleted and written to history per second.</summary>
    public double Complete(int rows)
    {
        using var select = new Bare(connection, "SELECT id, payload FROM job WHERE id >= ?1 ORDER BY id LIMIT 500");
        using var delete = new Bare(connection, "DELETE FROM job WHERE id = ?1");
        using var history = new Bare(connection, "INSERT INTO history(id, ended) VALUES (?1, ?2)");
        return Rate(rows, (from, to) =>
        {
            var ids = new List<long>(PerTransaction);
            select.Bind(1, from);
            while (raw.sqlite3_step(select.Handle) == raw.SQLITE_ROW)
            {
                ids.Add(raw.sqlite3_column_int64(select.Handle, 0));
            }
            raw.sqlite3_reset(select.Handle);
            foreach (var id in ids)
            {
                delete.Bind(1, id);
                delete.Run();
                history.Bind(1, id);
                history.Bind(2, 1_700_000_000_000_000);
                history.Run();
            }
        });
    }

    /// <summary>The same as <see cref="Complete" /> through ADO.NET commands, as most programs talk to the file; the rows are inserted first, unmeasured.</summary>
    public double CompleteThroughAdo(int rows)
    {
        Insert(rows);
        using var delete = Command("DELETE FROM job WHERE id = $id RETURNING payload");
        using var history = Command("INSERT OR REPLACE INTO history(id, ended) VALUES ($id, 1700000000000000)");
        return Rate(rows, (from, to) =>
        {
            for (var id = from; id < to; id++)
            {
                delete.Parameters[0].Value = id;
                delete.ExecuteScalar();
                history.Parameters[0].Value = id;
                history.ExecuteNonQuery();
            }
        });
    }

    private SqliteCommand Command(string sql)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.Add("$id", SqliteType.Integer);
        command.Prepare();
        return command;
    }

    /// <summary>The median of one durable insert alone, in milliseconds.</summary>
    public double Flush(int times)
    {
        Execute("CREATE TABLE IF NOT EXISTS tiny(id INTEGER PRIMARY KEY)");
        using var insert = new Bare(connection, "INSERT INTO tiny DEFAULT VALUES");
        var took = new List<double>(times);
        for (var i = 0; i < times; i++)
        {
            var began = Stopwatch.GetTimestamp();
            insert.Run();
            took.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        took.Sort();
        return took[times / 2];
    }

    public void Dispose() => connection.Dispose();

    private double Rate(int rows, Action<int, int> work)
    {
        var began = Stopwatch.GetTimestamp();
        for (var from = 1; from <= rows; from += PerTransaction)
        {
            Execute("BEGIN IMMEDIATE");
            work(from, Math.Min(from + PerTransaction, rows + 1));
            Execute("COMMIT");
        }
        return rows / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private void Execute(string sql) => raw.sqlite3_exec(connection.Handle!, sql);

    private sealed class Bare(SqliteConnection connection, string sql) : IDisposable
    {
        public sqlite3_stmt Handle { get; } = Prepare(connection, sql);

        public void Bind(int index, long value) => raw.sqlite3_bind_int64(Handle, index, value);

        public void Run()
        {
            raw.sqlite3_step(Handle);
            raw.sqlite3_reset(Handle);
        }

        public void Dispose() => Handle.Dispose();

        private static sqlite3_stmt Prepare(SqliteConnection connection, string sql)
        {
            raw.sqlite3_prepare_v2(connection.Handle!, sql, out var handle);
            return handle;
        }
    }
}
