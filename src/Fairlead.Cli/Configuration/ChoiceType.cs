using System.Text.Json.Nodes;

namespace Fairlead.Cli.Configuration;

/// <summary>One text, or keys and values.</summary>
/// <param name="scalar">How a text is read.</param>
/// <param name="mapping">How keys and values are read.</param>
internal sealed class ChoiceType<T>(ConfigurationType<T> scalar, ConfigurationType<T> mapping) : ConfigurationType<T>
{
    public override string Name => $"{scalar.Name}, or {mapping.Name}";

    public override string Expects => $"{scalar.Expects}, or {mapping.Expects}";

    public override bool IsSecret => scalar.IsSecret || mapping.IsSecret;

    public override ConfigurationType Inner => mapping.Inner;

    public override bool TryRead(ConfigurationNode node, Reading reading, out T value)
    {
        if (node is ScalarNode { IsNull: false })
        {
            return scalar.TryRead(node, reading, out value);
        }
        if (node is MappingNode)
        {
            return mapping.TryRead(node, reading, out value);
        }
        Refuse(node, reading);
        value = default!;
        return false;
    }

    public override JsonObject Schema(JsonObject definitions) => new() { ["anyOf"] = new JsonArray(scalar.Schema(definitions), mapping.Schema(definitions)) };
}
