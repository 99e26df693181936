using System.Text.Json.Nodes;
using Fairlead.Cli.Stores;

namespace Fairlead.Cli.Configuration;

/// <summary>The address of a store; a file's path counts from the configuration's folder. Never shown: it may hold a password.</summary>
internal sealed class StoreType : ConfigurationType<string>
{
    private const string Sqlite = "sqlite:";
    private const string Memory = "memory:";
    private static readonly string[] Schemes = [Sqlite, "postgres:", "postgresql:", "redis:", Memory];

    public override string Name => "address";

    public override string Expects => "an address such as sqlite:./fairlead.db, postgres://user:pass@host/db, redis://host:6379/0 or \"memory:\"";

    public override bool IsSecret => true;

    public override bool IsText => true;

    public override bool TryRead(ConfigurationNode node, Reading reading, out string value)
    {
        value = "";
        if (node is not ScalarNode { IsNull: false } scalar)
        {
            Refuse(node, reading);
            return false;
        }
        if (VariableText.Of(scalar, reading) is not { Text: var text })
        {
            return false;
        }
        // In YAML a colon at the end needs quotes; without it the same is meant.
        text = text == "memory" ? Memory : text;
        if (!Array.Exists(Schemes, scheme => text.StartsWith(scheme, StringComparison.Ordinal)) || text == Sqlite)
        {
            Refuse(node, reading);
            return false;
        }
        if (text.StartsWith("postgres", StringComparison.Ordinal) && PostgreSqlAddress.Problem(text) is { } problem)
        {
            reading.Errors.Add(node.Place, $"{node.Path}: {problem}");
            return false;
        }
        value = text.StartsWith(Sqlite, StringComparison.Ordinal) ? FromFolder(text[Sqlite.Length..], reading) : text;
        return true;
    }

    public override JsonObject Schema(JsonObject definitions) =>
        new() { ["type"] = "string", ["pattern"] = @"^(sqlite:.|postgres:|postgresql:|redis:|memory:?$)|\$\{.+\}" };

    private static string FromFolder(string path, Reading reading)
    {
        var file = path.StartsWith("//", StringComparison.Ordinal) ? path[2..] : path;
        return Sqlite + (reading.Folder.Length == 0 ? file : Path.Combine(reading.Folder, file.StartsWith("./", StringComparison.Ordinal) ? file[2..] : file));
    }
}
