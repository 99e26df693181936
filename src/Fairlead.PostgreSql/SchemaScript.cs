using System.Text;

namespace Fairlead.PostgreSql;

/// <summary>A schema as SQL for psql, for those who let no program make tables, and the rights a node needs in it.</summary>
internal static class SchemaScript
{
    /// <summary>The script that makes a schema, or brings it from an earlier version to this one: one transaction, under the lock that programs take, too.</summary>
    /// <param name="schema">The schema: 1 to 50 small letters, digits and underscores.</param>
    /// <param name="from">The version it has; 0 makes it.</param>
    /// <param name="role">Who gets the rights that a node needs; null for nobody.</param>
    /// <exception cref="ArgumentException">The schema's name is none, or there is no such version.</exception>
    public static string Write(string schema, int from = 0, string? role = null)
    {
        var texts = new SqlText(PostgreSqlStoreOptions.CheckSchema(schema));
        if (from < 0 || from > texts.Migrations.Count)
        {
            throw new ArgumentException($"A schema of this program has version 0 (not there) to {texts.Migrations.Count}; got {from}.");
        }
        var script = new StringBuilder().AppendLine("BEGIN;").AppendLine($"{texts.Of("lock_migrations").Replace("$1", $"'{schema}'", StringComparison.Ordinal)};");
        if (from == 0)
        {
            script.AppendLine($"CREATE SCHEMA IF NOT EXISTS \"{schema}\";");
        }
        for (var next = from; next < texts.Migrations.Count; next++)
        {
            script.AppendLine(texts.Migrations[next]).AppendLine($"UPDATE \"{schema}\".meta SET value = {next + 1} WHERE name = 'schema';");
        }
        if (role is not null)
        {
            script.AppendLine(Grants(schema, role));
        }
        return script.Append("COMMIT;").ToString();
    }

    /// <summary>All that a role needs to run a node on a schema that is there, and nothing more: it makes and owns nothing.</summary>
    public static string Grants(string schema, string role)
    {
        var name = $"\"{role.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        return $"""
            GRANT USAGE ON SCHEMA "{schema}" TO {name};
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{schema}" TO {name};
            """;
    }
}
