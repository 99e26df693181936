using System.Text.Json.Nodes;

namespace Fairlead.Cli.Configuration;

/// <summary>One text (or a list), or keys and values.</summary>
/// <param name="plain">How a text, or a list, is read.</param>
/// <param name="mapping">How keys and values are read.</param>
internal sealed class ChoiceType<T>(ConfigurationType<T> plain, ConfigurationType<T> mapping) : ConfigurationType<T>
{
    public override string Name => $"{plain.Name}, or {mapping.Name}";

    public override string Expects => $"{plain.Expects}, or {mapping.Expects}";

    public override bool IsSecret => plain.IsSecret || mapping.IsSecret;

    public override ConfigurationType Inner => mapping.Inner;

    public override bool TryRead(ConfigurationNode node, Reading reading, out T value)
    {
        if (plain.IsList ? node is ListNode : node is ScalarNode { IsNull: false })
        {
            return plain.TryRead(node, reading, out value);
        }
        if (node is MappingNode)
        {
            return mapping.TryRead(node, reading, out value);
        }
        Refuse(node, reading);
        value = default!;
        return false;
    }

    public override JsonObject Schema(JsonObject definitions) => new() { ["anyOf"] = new JsonArray(plain.Schema(definitions), mapping.Schema(definitions)) };
}
