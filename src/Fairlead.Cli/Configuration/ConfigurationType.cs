using System.Text.Json.Nodes;

namespace Fairlead.Cli.Configuration;

/// <summary>What a key may hold: how it is read, what is said when something else stands there, and how editors are told.</summary>
internal abstract class ConfigurationType
{
    /// <summary>For documents, in a word or two: <c>duration</c>.</summary>
    public abstract string Name { get; }

    /// <summary>For messages, after "expects": <c>a duration such as 60s</c>.</summary>
    public abstract string Expects { get; }

    /// <summary>True when what stands there is never shown.</summary>
    public virtual bool IsSecret => false;

    /// <summary>True when nothing but a text is ever meant: a <c>[</c> in a variable is a bracket, not a list.</summary>
    public virtual bool IsText => false;

    /// <summary>True when it is written as a list.</summary>
    public virtual bool IsList => false;

    /// <summary>The type whose keys stand inside; itself, or what it wraps.</summary>
    public virtual ConfigurationType Inner => this;

    /// <summary>The JSON Schema of it.</summary>
    /// <param name="definitions">Takes the schemas that are used in several places, by name.</param>
    public abstract JsonObject Schema(JsonObject definitions);

    /// <summary>What stands there instead, for messages.</summary>
    protected string Shown(ConfigurationNode node) => node switch
    {
        ScalarNode { IsNull: true } => "nothing",
        ScalarNode when IsSecret => "another text",
        ScalarNode { IsLiteral: false } scalar when scalar.Text.Contains("${", StringComparison.Ordinal) => $"what '{Short(scalar.Text)}' stands for",
        ScalarNode scalar => $"'{Short(scalar.Text)}'",
        ListNode => "a list",
        _ => "keys and values",
    };

    /// <summary>Says that something else stands there.</summary>
    protected void Refuse(ConfigurationNode node, Reading reading, string hint = "") =>
        reading.Errors.Add(node.Place, $"{(node.Path.Length == 0 ? "The file" : node.Path)} expects {Expects}; got {Shown(node)}.{hint}");

    private static string Short(string text)
    {
        const int most = 60;
        var line = string.Concat(text.Select(static character => char.IsControl(character) ? ' ' : character));
        return line.Length > most ? line[..most] + "…" : line;
    }
}

/// <summary>A type and what is made of it.</summary>
internal abstract class ConfigurationType<T> : ConfigurationType
{
    /// <summary>
    /// Reads it; false when something else stands there, which is then among the errors. What holds other things is read in spite of errors
    /// inside, without what is wrong, so that whatever else is wrong is found too.
    /// </summary>
    public abstract bool TryRead(ConfigurationNode node, Reading reading, out T value);
}
