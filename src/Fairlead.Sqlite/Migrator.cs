using Fairlead.Storage;
using Microsoft.Data.Sqlite;

namespace Fairlead.Sqlite;

/// <summary>Brings a file to the schema of this version, once for all processes.</summary>
internal static class Migrator
{
    /// <summary>Creates or migrates what is missing. The caller holds the writer lock; the transaction holds SQLite's own.</summary>
    /// <exception cref="StoreMismatchException">The file was written by a newer version.</exception>
    public static void Migrate(SqliteConnection connection, string file)
    {
        using var statements = new Statements(connection.Handle!);
        try
        {
            // Read first: an up-to-date file needs no write lock, so that opening never waits for somebody's long transaction.
            if (Version(statements, file) < SqlText.Migrations.Count)
            {
                statements.Execute("PRAGMA journal_mode=WAL");
                statements.Execute("BEGIN IMMEDIATE");
                MigrateFrom(statements, Version(statements, file));
                statements.Execute("COMMIT");
            }
        }
        catch
        {
            if (statements.InTransaction)
            {
                statements.Execute("ROLLBACK");
            }
            throw;
        }
    }

    private static long Version(Statements statements, string file)
    {
        var version = statements["has_meta"].Any() ? statements["schema_version"].Number() ?? 0 : 0;
        return version <= SqlText.Migrations.Count ? version : throw new StoreMismatchException(
            $"'{file}' has schema version {version}, written by a newer Fairlead; this one knows up to {SqlText.Migrations.Count}. "
            + "Update this program, or name another file.");
    }

    private static void MigrateFrom(Statements statements, long version)
    {
        for (var next = (int)version; next < SqlText.Migrations.Count; next++)
        {
            statements.Execute(SqlText.Migrations[next]);
            statements["set_schema_version"].Add(next + 1L).Run();
        }
    }
}
