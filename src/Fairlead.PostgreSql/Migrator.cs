using Fairlead.Storage;
using Npgsql;

namespace Fairlead.PostgreSql;

/// <summary>Brings a schema to this version, once for all processes.</summary>
internal static class Migrator
{
    /// <summary>Creates or migrates what is missing, under an advisory lock. Each migration leaves what the version before needs.</summary>
    /// <exception cref="StoreMismatchException">The schema was written by a newer version.</exception>
    public static void Migrate(NpgsqlConnection connection, SqlText texts, string store)
    {
        var sql = new Statements(connection, texts);
        // Read first: an up-to-date schema needs no lock and no privilege to create anything.
        if (Version(sql, texts, store) == texts.Migrations.Count)
        {
            return;
        }
        sql.Control("BEGIN");
        sql["lock_migrations"].Add(texts.Schema).Run();
        try
        {
            MigrateFrom(sql, texts, Version(sql, texts, store));
            sql.Control("COMMIT");
            sql.Flush();
        }
        catch
        {
            sql.Drop();
            if (connection.State == System.Data.ConnectionState.Open)
            {
                sql.Control("ROLLBACK");
                sql.Flush();
            }
            throw;
        }
    }

    /// <summary>All migrations as one text, for those who let nobody but themselves change a schema.</summary>
    public static string Script(SqlText texts) => string.Join('\n', Enumerable.Range(0, texts.Migrations.Count).Select(number =>
        $"{(number == 0 ? $"CREATE SCHEMA IF NOT EXISTS \"{texts.Schema}\";\n" : "")}{texts.Migrations[number]}\nUPDATE \"{texts.Schema}\".meta SET value = {number + 1} WHERE name = 'schema';\n"));

    private static long Version(Statements sql, SqlText texts, string store)
    {
        var version = sql["has_meta"].Add(texts.Schema).Any() ? sql["counter"].Add("schema").Number() ?? 0 : 0;
        return version <= texts.Migrations.Count ? version : throw new StoreMismatchException(
            $"'{store}' has schema version {version}, written by a newer Fairlead; this one knows up to {texts.Migrations.Count}. Update this program, or name another schema.");
    }

    private static void MigrateFrom(Statements sql, SqlText texts, long version)
    {
        if (version == 0)
        {
            sql.Control($"CREATE SCHEMA IF NOT EXISTS \"{texts.Schema}\"");
            sql.Flush();
        }
        for (var next = (int)version; next < texts.Migrations.Count; next++)
        {
            foreach (var statement in texts.Migrations[next].Split(";\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                sql.Control(statement);
                sql.Flush();
            }
            sql["set_counter"].Add(next + 1L).Add("schema").Run();
        }
    }
}
