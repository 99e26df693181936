using System.Collections.Frozen;
using System.Text;

namespace Fairlead.PostgreSql;

/// <summary>The statements in <c>Sql/*.sql</c> by name, and the migrations in order, for one schema. A statement begins at its line <c>-- name: x</c>; one that answers says what (<c>-- Out:</c>).</summary>
internal sealed class SqlText
{
    private const string Marker = "-- name: ";
    private static readonly FrozenDictionary<string, string> s_named = ReadAll().ToFrozenDictionary(StringComparer.Ordinal);
    private static readonly string[] s_migrations = [.. Resources(".Migrations.").Order(StringComparer.Ordinal).Select(Read)];
    private static readonly FrozenSet<string> s_answering =
        s_named.Where(static pair => pair.Value.Contains("Out:", StringComparison.Ordinal)).Select(static pair => pair.Key).ToFrozenSet(StringComparer.Ordinal);

    private readonly FrozenDictionary<string, string> _named;

    /// <summary>The texts for a schema; in the files it is called <c>fairlead</c>.</summary>
    public SqlText(string schema)
    {
        Schema = schema;
        _named = s_named.ToFrozenDictionary(static pair => pair.Key, pair => For(schema, pair.Value), StringComparer.Ordinal);
        Migrations = [.. s_migrations.Select(text => For(schema, text))];
    }

    public string Schema { get; }

    /// <summary>The migrations in order; the first one leads to schema version 1.</summary>
    public IReadOnlyList<string> Migrations { get; }

    /// <summary>All names, for the test that looks at every one of them.</summary>
    public static IEnumerable<string> Names => s_named.Keys;

    /// <summary>The text of one statement.</summary>
    public string Of(string name) => _named.TryGetValue(name, out var text) ? text : throw new InvalidOperationException($"No statement '{name}' in Sql/*.sql.");

    /// <summary>Whether a statement answers with rows: its comment says so.</summary>
    public static bool Answers(string name) => s_answering.Contains(name);

    private static string For(string schema, string text) =>
        schema == PostgreSqlStoreOptions.DefaultSchema ? text : text.Replace("fairlead.", $"\"{schema}\".", StringComparison.Ordinal);

    private static IEnumerable<KeyValuePair<string, string>> ReadAll() => Resources(".Sql.").SelectMany(static resource => Split(Read(resource)));

    private static IEnumerable<string> Resources(string folder) =>
        typeof(SqlText).Assembly.GetManifestResourceNames().Where(name => name.Contains(folder, StringComparison.Ordinal));

    private static string Read(string resource)
    {
        using var reader = new StreamReader(typeof(SqlText).Assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private static IEnumerable<KeyValuePair<string, string>> Split(string file) =>
        file.Split(Marker, StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(static part =>
        {
            var end = part.IndexOf('\n', StringComparison.Ordinal);
            return KeyValuePair.Create(part[..end].Trim(), part[(end + 1)..].Trim());
        });
}
