using System.Text.Json.Nodes;

namespace Fairlead.Cli.Configuration;

/// <summary>A text that is never shown, with the parts of it that came from variables and files.</summary>
internal sealed class SecretType : ConfigurationType<VariableText>
{
    public override string Name => "text";

    public override string Expects => "a text";

    public override bool IsSecret => true;

    public override bool IsText => true;

    public override bool TryRead(ConfigurationNode node, Reading reading, out VariableText value)
    {
        value = null!;
        if (node is not ScalarNode { IsNull: false } scalar)
        {
            Refuse(node, reading);
            return false;
        }
        return (value = VariableText.Of(scalar, reading)!) is not null;
    }

    public override JsonObject Schema(JsonObject definitions) => Types.TextSchema();
}
