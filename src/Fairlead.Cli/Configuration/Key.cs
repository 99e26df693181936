namespace Fairlead.Cli.Configuration;

/// <summary>One key: its name and type, and what people are told of it.</summary>
/// <param name="name">As it is written.</param>
/// <param name="type">What it holds.</param>
/// <param name="doc">What it means, in a sentence or two.</param>
/// <param name="example">A value as it is written, in YAML.</param>
internal abstract class Key(string name, ConfigurationType type, string doc, string example)
{
    public string Name => name;

    public ConfigurationType Type => type;

    public string Doc => doc;

    public string Example => example;

    /// <summary>What holds without it; null where <see cref="Doc" /> says so, or there is nothing to say.</summary>
    public string? Default { get; init; }

    /// <summary>Its section means nothing without it.</summary>
    public bool IsRequired { get; init; }

    /// <summary>The sentence with the default.</summary>
    public string WithDefault => Default is null ? doc : $"{doc} Default: {Default}.";

    /// <summary>Reads what it holds for nothing but its errors.</summary>
    public abstract void Try(ConfigurationNode node, Reading reading);

    /// <summary>A key of a section that is made up of <typeparamref name="T" />.</summary>
    public static Key<T> Of<T, TValue>(string name, ConfigurationType<TValue> type, Func<T, TValue, T> set, string doc, string example, string? standard = null, bool required = false) =>
        new Key<T, TValue>(name, type, set, doc, example) { Default = standard, IsRequired = required };
}

/// <summary>A key of one kind of section.</summary>
internal abstract class Key<T>(string name, ConfigurationType type, string doc, string example) : Key(name, type, doc, example)
{
    /// <summary>The section with what this key holds; as it was when something else stands there.</summary>
    public abstract T Read(T section, ConfigurationNode node, Reading reading);
}

/// <summary>A key, and how what it holds is put into its section.</summary>
internal sealed class Key<T, TValue>(string name, ConfigurationType<TValue> type, Func<T, TValue, T> set, string doc, string example)
    : Key<T>(name, type, doc, example)
{
    public override T Read(T section, ConfigurationNode node, Reading reading) =>
        type.TryRead(node, reading, out var value) ? set(section, value) : section;

    public override void Try(ConfigurationNode node, Reading reading) => type.TryRead(node, reading, out _);
}
