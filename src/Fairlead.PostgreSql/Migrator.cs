using System.Data;
using Fairlead.Storage;
using Npgsql;

namespace Fairlead.PostgreSql;

/// <summary>
/// Brings a schema to this version, once for all processes. The rule for migrations: they only add (tables, columns that may be left out, indexes), so that
/// nodes of the version before work on until they are replaced. What is not used any more is removed one version later.
/// </summary>
internal static class Migrator
{
    /// <summary>Creates or migrates what is missing, in one transaction, under an advisory lock. An up-to-date schema is only looked at: that takes no lock and no right to create anything.</summary>
    /// <exception cref="StoreMismatchException">The schema was written by a newer version.</exception>
    public static void Migrate(NpgsqlConnection connection, SqlText texts, string store)
    {
        var sql = new Statements(connection, texts);
        if (Version(sql, texts, store) == texts.Migrations.Count)
        {
            return;
        }
        // Whoever waits for the lock must see afterwards what its holder did, whatever isolation the database has by default.
        sql.Control("BEGIN ISOLATION LEVEL READ COMMITTED");
        sql["lock_migrations"].Add(texts.Schema).Run();
        try
        {
            MigrateFrom(sql, texts, (int)Version(sql, texts, store));
            sql.Control("COMMIT");
            sql.Flush();
        }
        catch
        {
            GiveUp(sql);
            throw;
        }
    }

    private static long Version(Statements sql, SqlText texts, string store)
    {
        var version = sql["has_meta"].Add(texts.Schema).Any() ? sql["counter"].Add("schema").Number() ?? 0 : 0;
        return version <= texts.Migrations.Count ? version : throw new StoreMismatchException(
            $"'{store}' has schema version {version}, written by a newer Fairlead; this one knows up to {texts.Migrations.Count}. Update this program, or name another schema.");
    }

    private static void MigrateFrom(Statements sql, SqlText texts, int version)
    {
        // Even IF NOT EXISTS needs the right to create schemas: one that a DBA has made for us is not asked for again.
        if (!sql["has_schema"].Add(texts.Schema).Any())
        {
            sql.Control($"CREATE SCHEMA \"{texts.Schema}\"");
            sql.Flush();
        }
        for (var next = version; next < texts.Migrations.Count; next++)
        {
            // As one command of several statements: the driver knows where each of them ends, in quotes, comments and function bodies too.
            using var migration = new NpgsqlCommand(texts.Migrations[next], sql.Connection);
            migration.ExecuteNonQuery();
            sql["set_counter"].Add(next + 1L).Add("schema").Run();
        }
    }

    private static void GiveUp(Statements sql)
    {
        sql.Drop();
        if (sql.Connection.State == ConnectionState.Open)
        {
            sql.Control("ROLLBACK");
            sql.Flush();
        }
    }
}
