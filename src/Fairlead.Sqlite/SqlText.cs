using System.Collections.Frozen;
using System.Text;

namespace Fairlead.Sqlite;

/// <summary>The statements in <c>Sql/*.sql</c> by name, and the migrations in order. A statement begins at its line <c>-- name: x</c>.</summary>
internal static class SqlText
{
    private const string Marker = "-- name: ";

    private static readonly FrozenDictionary<string, string> Named = ReadAll().ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The text of one statement.</summary>
    public static string Of(string name) =>
        Named.TryGetValue(name, out var text) ? text : throw new InvalidOperationException($"No statement '{name}' in Sql/*.sql.");

    /// <summary>All names, for the test that prepares every one of them.</summary>
    public static IEnumerable<string> Names => Named.Keys;

    /// <summary>The migrations in order; the first one leads to schema version 1.</summary>
    public static IReadOnlyList<string> Migrations { get; } =
        [.. Resources(".Migrations.").Order(StringComparer.Ordinal).Select(Read)];

    private static IEnumerable<KeyValuePair<string, string>> ReadAll() => Resources(".Sql.").SelectMany(r => Split(Read(r)));

    private static IEnumerable<string> Resources(string folder) =>
        typeof(SqlText).Assembly.GetManifestResourceNames().Where(n => n.Contains(folder, StringComparison.Ordinal));

    private static string Read(string resource)
    {
        using var reader = new StreamReader(typeof(SqlText).Assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private static IEnumerable<KeyValuePair<string, string>> Split(string file) =>
        file.Split(Marker, StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(part =>
        {
            var end = part.IndexOf('\n', StringComparison.Ordinal);
            return KeyValuePair.Create(part[..end].Trim(), part[(end + 1)..]);
        });
}
