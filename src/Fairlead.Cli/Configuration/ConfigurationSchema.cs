using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fairlead.Cli.Configuration;

/// <summary>The JSON Schema of <c>fairlead.yaml</c> (draft 2020-12), by which editors complete and check keys.</summary>
internal static class ConfigurationSchema
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n", Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write()
    {
        var definitions = new JsonObject();
        var schema = new JsonObject { ["$schema"] = "https://json-schema.org/draft/2020-12/schema", ["title"] = "fairlead.yaml" };
        foreach (var (name, value) in ServerKeys.Section.Schema(definitions).ToList())
        {
            schema[name] = value?.DeepClone();
        }
        schema["$defs"] = definitions;
        return schema.ToJsonString(Indented);
    }
}
