using System.Text.Json.Nodes;

namespace Fairlead.Cli.Configuration;

/// <summary>Names that the file's writer gives, and what each holds.</summary>
/// <param name="what">What one of them is: <c>queue</c>.</param>
/// <param name="expects">For messages.</param>
/// <param name="of">What each holds.</param>
internal sealed class MapType<T>(string what, string expects, ConfigurationType<T> of) : ConfigurationType<IReadOnlyList<Named<T>>>, IMapType
{
    public override string Name => $"a {what} by name";

    public override string Expects => expects;

    public override bool IsSecret => of.IsSecret;

    public string What => what;

    public ConfigurationType Of => of;

    /// <summary>True when overrides may add names.</summary>
    public bool IsOpen { get; init; }

    public override bool TryRead(ConfigurationNode node, Reading reading, out IReadOnlyList<Named<T>> value)
    {
        var entries = new List<Named<T>>();
        value = entries;
        if (node is ScalarNode { IsNull: true })
        {
            return true;
        }
        if (node is not MappingNode mapping)
        {
            Refuse(node, reading);
            return false;
        }
        mapping.RefuseTwice(reading);
        foreach (var entry in mapping.Entries.DistinctBy(static entry => entry.Key))
        {
            if (of.TryRead(entry.Value, reading, out var one))
            {
                entries.Add(new Named<T>(entry.Key, one, entry));
            }
        }
        return true;
    }

    public override JsonObject Schema(JsonObject definitions) =>
        new() { ["type"] = new JsonArray("object", "null"), ["additionalProperties"] = of.Schema(definitions) };
}

/// <summary>A map whose type is not known.</summary>
internal interface IMapType
{
    string What { get; }

    ConfigurationType Of { get; }

    bool IsOpen { get; }
}

/// <summary>One of a map.</summary>
/// <param name="Name">The name.</param>
/// <param name="Value">What it holds.</param>
/// <param name="Entry">Where it stands.</param>
internal readonly record struct Named<T>(string Name, T Value, MappingEntry Entry);
