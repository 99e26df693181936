using System.Text.Json.Nodes;

namespace Fairlead.Cli.Configuration;

/// <summary>A type of which something else is made.</summary>
/// <param name="inner">The type as it is written.</param>
/// <param name="make">What is made of it.</param>
internal sealed class MappedType<TInner, T>(ConfigurationType<TInner> inner, Func<TInner, Reading, T> make) : ConfigurationType<T>
{
    public override string Name => inner.Name;

    public override string Expects => inner.Expects;

    public override bool IsSecret => inner.IsSecret;

    public override bool IsText => inner.IsText;

    public override bool IsList => inner.IsList;

    public override ConfigurationType Inner => inner.Inner;

    public override bool TryRead(ConfigurationNode node, Reading reading, out T value)
    {
        var sound = inner.TryRead(node, reading, out var read);
        value = sound ? make(read, reading) : default!;
        return sound;
    }

    public override JsonObject Schema(JsonObject definitions) => inner.Schema(definitions);
}
