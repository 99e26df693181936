using System.Text.Json.Nodes;

namespace Fairlead.Cli.Configuration;

/// <summary>Keys that are known, each with its type.</summary>
/// <param name="what">What it describes, for messages: <c>a queue</c>.</param>
/// <param name="start">What holds before the first key is read.</param>
/// <param name="keys">The keys.</param>
internal sealed class SectionType<T>(string what, Func<Reading, T> start, IReadOnlyList<Key<T>> keys) : ConfigurationType<T>, ISectionType
{
    public override string Name => $"keys of {what}";

    public override string Expects => $"the keys of {what} ({string.Join(", ", keys.Select(static key => key.Name))})";

    public override bool IsSecret => Array.Exists([.. keys], static key => key.Type.IsSecret);

    public string What => what;

    public IReadOnlyList<Key> Keys => keys;

    public Key? Rest => OtherKeys?.Invoke("VALUE");

    /// <summary>What a key with any other name is; null when there are no others.</summary>
    public Func<string, Key<T>>? OtherKeys { get; init; }

    /// <summary>What must hold between keys.</summary>
    public Action<MappingNode, T, Reading>? Rules { get; init; }

    public override bool TryRead(ConfigurationNode node, Reading reading, out T value)
    {
        value = start(reading);
        var mapping = node as MappingNode ?? (node is ScalarNode { IsNull: true } ? new MappingNode(node.Place, node.Path) : null);
        if (mapping is null)
        {
            Refuse(node, reading);
            return false;
        }
        mapping.RefuseTwice(reading);
        foreach (var entry in mapping.Entries)
        {
            value = ReadKey(mapping, entry, value, reading);
        }
        foreach (var missing in keys.Where(key => key.IsRequired && !mapping.Has(key.Name)))
        {
            reading.Errors.Add(mapping.Place, $"{mapping.Path} expects the key '{missing.Name}', such as {missing.Name}: {missing.Example}; it is not there.");
        }
        Rules?.Invoke(mapping, value, reading);
        return true;
    }

    private T ReadKey(MappingNode mapping, MappingEntry entry, T value, Reading reading)
    {
        if ((keys.FirstOrDefault(key => key.Name == entry.Key) ?? OtherKeys?.Invoke(entry.Key)) is { } known)
        {
            return known.Read(value, entry.Value, reading);
        }
        reading.Errors.Add(entry.Place, $"{mapping.Inside(entry.Key)} is no key of {what}{Hint(entry.Key)} Expected: {string.Join(", ", keys.Select(static key => key.Name))}.");
        return value;
    }

    private string Hint(string typed) => NearestName.Of(typed, keys.Select(static key => key.Name)) is { } nearest ? $"; did you mean '{nearest}'?"
        : ServerKeys.PlaceOf(typed) is { } place ? $"; '{typed}' belongs under {place}."
        : ".";

    public override JsonObject Schema(JsonObject definitions)
    {
        var properties = new JsonObject();
        foreach (var key in keys)
        {
            var schema = key.Type.Schema(definitions);
            schema["description"] = key.WithDefault;
            properties[key.Name] = schema;
        }
        var section = new JsonObject { ["type"] = new JsonArray("object", "null"), ["properties"] = properties };
        section["additionalProperties"] = Rest is { } rest ? rest.Type.Schema(definitions) : false;
        if (keys.Any(static key => key.IsRequired))
        {
            section["required"] = new JsonArray([.. keys.Where(static key => key.IsRequired).Select(static key => (JsonNode)key.Name)]);
        }
        return section;
    }
}

/// <summary>A section whose type is not known.</summary>
internal interface ISectionType
{
    string What { get; }

    IReadOnlyList<Key> Keys { get; }

    /// <summary>What a key with any other name is, named <c>VALUE</c>; null when there are no others.</summary>
    Key? Rest { get; }
}
