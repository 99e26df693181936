using Fairlead.Cli.Bodies;
using Microsoft.Data.Sqlite;

namespace Fairlead.Cli.Checks;

/// <summary>What the file itself says: its schema, its journal, its soundness.</summary>
internal static class SqliteFile
{
    public static IReadOnlyList<CheckBody> Look(string path)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        var journal = Ask(connection, "PRAGMA journal_mode");
        var sound = Ask(connection, "PRAGMA quick_check(1)");
        return
        [
            new CheckBody("schema", true, $"version {Ask(connection, "SELECT value FROM fairlead_meta WHERE name = 'schema'")}, SQLite {Ask(connection, "SELECT sqlite_version()")}"),
            new CheckBody("durability", journal == "wal", $"journal {journal}; every commit is flushed to the disk (synchronous=FULL): it survives kill -9 and power loss"),
            new CheckBody("soundness", sound == "ok", sound == "ok" ? "quick_check found nothing" : $"damaged: {sound}. Restore it from a copy, or repair it with: sqlite3 {path} .recover"),
        ];
    }

    private static string Ask(SqliteConnection connection, string question)
    {
        using var command = connection.CreateCommand();
        command.CommandText = question;
        return command.ExecuteScalar()?.ToString() ?? "none";
    }
}
