using SQLitePCL;

namespace Fairlead.Sqlite;

/// <summary>The prepared statements of one connection, each made at its first use. For one thread at a time.</summary>
internal sealed class Statements(sqlite3 db) : IDisposable
{
    private readonly Dictionary<string, Statement> prepared = new(StringComparer.Ordinal);
    private readonly List<Statement> active = [];

    public sqlite3 Database => db;

    /// <summary>The statement of that name, ready to be bound.</summary>
    public Statement this[string name] => (prepared.TryGetValue(name, out var statement) ? statement : Prepare(name, SqlText.Of(name))).Start();

    /// <summary>One more copy of a statement, for cursors that are open beside each other.</summary>
    public Statement Copy(string name, int number)
    {
        var key = $"{name}#{number}";
        return (prepared.TryGetValue(key, out var statement) ? statement : Prepare(key, SqlText.Of(name))).Start();
    }

    public int Changes => raw.sqlite3_changes(db);

    public bool InTransaction => raw.sqlite3_get_autocommit(db) == 0;

    /// <summary>Runs a text that is not worth keeping: begin, commit, pragmas, migrations.</summary>
    public void Execute(string sql)
    {
        var code = raw.sqlite3_exec(db, sql);
        if (code != raw.SQLITE_OK)
        {
            throw Fault(code);
        }
    }

    /// <summary>Runs begin, commit and savepoints, which are prepared once under their own text.</summary>
    public void Control(string sql) =>
        (prepared.TryGetValue(sql, out var statement) ? statement : Prepare(sql, sql)).Start().Run();

    /// <summary>Ends reads that were not read to their end; an open one would hold back checkpoints.</summary>
    public void ResetActive()
    {
        foreach (var statement in active)
        {
            statement.Reset();
        }
        active.Clear();
    }

    public void Activated(Statement statement) => active.Add(statement);

    public SqliteFault Fault(int code) => new(code, raw.sqlite3_extended_errcode(db), raw.sqlite3_errmsg(db).utf8_to_string() ?? "");

    public void Dispose()
    {
        foreach (var statement in prepared.Values)
        {
            statement.Dispose();
        }
        prepared.Clear();
    }

    private Statement Prepare(string key, string sql)
    {
        var code = raw.sqlite3_prepare_v3(db, sql, raw.SQLITE_PREPARE_PERSISTENT, out var handle);
        if (code != raw.SQLITE_OK)
        {
            throw Fault(code);
        }
        var statement = new Statement(this, handle);
        prepared.Add(key, statement);
        return statement;
    }
}
