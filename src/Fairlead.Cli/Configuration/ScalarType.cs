using System.Text.Json.Nodes;

namespace Fairlead.Cli.Configuration;

/// <summary>Reads a text; false when it is none.</summary>
internal delegate bool ReadText<T>(string text, out T value);

/// <summary>One text, number or truth value.</summary>
/// <param name="name">For documents, and the name of its schema.</param>
/// <param name="expects">For messages.</param>
/// <param name="schema">The schema of what may be written, <c>${…}</c> aside.</param>
/// <param name="read">Reads it, variables put in.</param>
internal sealed class ScalarType<T>(string name, string expects, Func<JsonObject> schema, ReadText<T> read) : ConfigurationType<T>
{
    public override string Name => name;

    public override string Expects => expects;

    public override bool IsSecret => Secret;

    public override bool IsText => true;

    /// <summary>What stands there is never shown.</summary>
    public bool Secret { get; init; }

    /// <summary>The words it may be, to guess which one was meant.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    public override bool TryRead(ConfigurationNode node, Reading reading, out T value)
    {
        value = default!;
        if (node is not ScalarNode { IsNull: false } scalar)
        {
            Refuse(node, reading);
            return false;
        }
        if (VariableText.Of(scalar, reading) is not { } text)
        {
            return false;
        }
        if (read(text.Text, out value))
        {
            return true;
        }
        Refuse(node, reading, NearestName.Of(text.Text, Words) is { } nearest ? $" Did you mean '{nearest}'?" : "");
        return false;
    }

    private JsonObject WithVariable() => new() { ["anyOf"] = new JsonArray(schema(), Types.VariableSchema()) };

    public override JsonObject Schema(JsonObject definitions)
    {
        if (Words.Count > 0)
        {
            return WithVariable();
        }
        var shared = string.Concat(name.Select(static character => char.IsAsciiLetterOrDigit(character) ? character : '_'));
        if (!definitions.ContainsKey(shared))
        {
            definitions[shared] = WithVariable();
        }
        return new JsonObject { ["$ref"] = $"#/$defs/{shared}" };
    }
}
