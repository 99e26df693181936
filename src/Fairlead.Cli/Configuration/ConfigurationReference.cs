using System.Text;

namespace Fairlead.Cli.Configuration;

/// <summary>The tables of keys in <c>docs/fairlead-yaml.md</c>.</summary>
internal static class ConfigurationReference
{
    public static string Write()
    {
        var text = new StringBuilder();
        foreach (var (path, section) in ServerKeys.Sections)
        {
            text.Append($"## {(path.Length == 0 ? "The file" : $"`{path}`")}\n\n| key | holds | default | what |\n|---|---|---|---|\n");
            foreach (var key in section.Rest is { } rest ? section.Keys.Append(rest) : section.Keys)
            {
                text.Append($"| `{key.Name}` | {Holds(key)} | {Default(key)} | {key.Doc} |\n");
            }
            text.Append('\n');
        }
        return text.ToString();
    }

    private static string Holds(Key key) => $"{key.Type.Name}: `{key.Example}`".Replace("|", "\\|", StringComparison.Ordinal);

    private static string Default(Key key) => key.IsRequired ? "must be there" : key.Default ?? "";
}
