using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fairlead.Cli.Configuration;

/// <summary>Any value, as JSON. A word without quotes is what it is in JSON: a number, true, false, null; anything else is a text, and so is what a variable stands for.</summary>
internal sealed class JsonType : ConfigurationType<ReadOnlyMemory<byte>>
{
    public override string Name => "any value";

    public override string Expects => "any value, such as { source: loker }";

    public override bool TryRead(ConfigurationNode node, Reading reading, out ReadOnlyMemory<byte> value)
    {
        var before = reading.Errors.Count;
        var json = Json(node, reading);
        value = Encoding.UTF8.GetBytes(json?.ToJsonString() ?? "null");
        return reading.Errors.Count == before;
    }

    public override JsonObject Schema(JsonObject definitions) => [];

    private static JsonNode? Json(ConfigurationNode node, Reading reading) => node switch
    {
        MappingNode mapping => Object(mapping, reading),
        ListNode list => new JsonArray([.. list.Items.Select(item => Json(item, reading))]),
        ScalarNode scalar => Scalar(scalar, reading),
        _ => null,
    };

    private static JsonObject Object(MappingNode mapping, Reading reading)
    {
        mapping.RefuseTwice(reading);
        return new JsonObject(mapping.Entries.DistinctBy(static entry => entry.Key).Select(entry => KeyValuePair.Create(entry.Key, Json(entry.Value, reading))));
    }

    private static JsonNode? Scalar(ScalarNode scalar, Reading reading)
    {
        if (scalar.IsNull || VariableText.Of(scalar, reading) is not { } text)
        {
            return null;
        }
        return scalar.IsPlain && text.Text == scalar.Text && IsWord(text.Text) ? JsonNode.Parse(text.Text) : JsonValue.Create(text.Text);
    }

    /// <summary>True, false or a number, as JSON writes it.</summary>
    private static bool IsWord(string text)
    {
        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text));
            return reader.Read() && reader.TokenType is JsonTokenType.True or JsonTokenType.False or JsonTokenType.Number && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
