using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Fairlead.Cli.Configuration;

/// <summary>Makes nodes of YAML text. Nothing is understood here, and nothing is lost: keys that come twice come twice.</summary>
internal sealed class YamlNodes
{
    private readonly Dictionary<AnchorName, ConfigurationNode> _anchors = [];
    private readonly Parser _parser;
    private readonly string _text;
    private readonly Func<Mark, Place> _placeOf;
    private readonly bool _literal;

    private YamlNodes(string text, Func<Mark, Place> placeOf, bool literal)
    {
        _parser = new Parser(new StringReader(text));
        (_text, _placeOf, _literal) = (text, placeOf, literal);
    }

    /// <summary>Reads a file's text; an empty one is an empty mapping. A broken line ends the reading: what follows it means nothing.</summary>
    /// <param name="file">For the places.</param>
    /// <param name="text">The YAML.</param>
    /// <param name="errors">Where what is wrong is put.</param>
    public static MappingNode OfFile(string file, string text, ConfigurationErrors errors) =>
        InFile(file, text).Guarded(errors, static nodes => nodes.Document()) as MappingNode ?? new MappingNode(new Place(file, 1, 1), "");

    /// <summary>Reads no further than one key of the whole; null when the file ends, or breaks, without it.</summary>
    public static ConfigurationNode? KeyOfFile(string file, string text, string key, ConfigurationErrors errors) =>
        InFile(file, text).Guarded(errors, nodes => nodes.Key(key));

    /// <summary>Reads a list or mapping that a variable holds; null when it is none, which is then among the errors.</summary>
    public static ConfigurationNode? OfVariable(string variable, string path, string text, ConfigurationErrors errors) =>
        new YamlNodes(text, _ => new Place(variable), literal: true).Guarded(errors, nodes => nodes.Begins() ? nodes.Node(path) : null);

    private static YamlNodes InFile(string file, string text) => new(text, mark => new Place(file, mark.Line, mark.Column), literal: false);

    private ConfigurationNode? Guarded(ConfigurationErrors errors, Func<YamlNodes, ConfigurationNode?> read)
    {
        try
        {
            return read(this);
        }
        catch (YamlException error)
        {
            errors.Add(PlaceOf(error), $"Expected YAML. {error.Message.TrimEnd('.')}.{Hint(error.Message)}");
            return null;
        }
    }

    /// <summary>A tab is told of with the mapping that it breaks, perhaps many lines above: the line that begins with one is what is looked for.</summary>
    private Place PlaceOf(YamlException error)
    {
        var place = _placeOf(error.Start);
        var tab = error.Message.Contains("invalid tab", StringComparison.Ordinal)
            ? Array.FindIndex(_text.Split('\n'), (int)Math.Max(0, place.Line - 1), static line => line[..(line.Length - line.TrimStart().Length)].Contains('\t', StringComparison.Ordinal))
            : -1;
        return tab < 0 ? place : place with { Line = tab + 1, Column = 1 };
    }

    /// <summary>The two slips that YAML's own words do not explain.</summary>
    private static string Hint(string message) =>
        message.Contains("found invalid mapping", StringComparison.Ordinal) ? " A text with a colon at its end, or before a space, needs quotes: \"memory:\"."
        : message.Contains("cannot start any token", StringComparison.Ordinal) ? " A text that begins with @, ` or % needs quotes; lines are indented with spaces, not tabs."
        : "";

    private MappingNode? Document()
    {
        if (!Begins())
        {
            return null;
        }
        var start = _parser.Current!;
        var node = Node("");
        _parser.Consume<DocumentEnd>();
        if (_parser.TryConsume<DocumentStart>(out var second))
        {
            throw new YamlException(second.Start, second.End, "A second document begins here; one is expected");
        }
        return node switch
        {
            MappingNode mapping => mapping,
            ScalarNode { IsNull: true } => null,
            _ => throw new YamlException(start.Start, start.End, "The file expects keys and values, such as store: sqlite:./fairlead.db"),
        };
    }

    /// <summary>False when there is no document.</summary>
    private bool Begins()
    {
        _parser.Consume<StreamStart>();
        return _parser.TryConsume<DocumentStart>(out _);
    }

    private ConfigurationNode? Key(string key)
    {
        if (!Begins() || !_parser.TryConsume<MappingStart>(out _))
        {
            return null;
        }
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var name = Node("");
            var value = Node(key);
            if (name is ScalarNode { Text: var text } && text == key)
            {
                return value;
            }
        }
        return null;
    }

    private ConfigurationNode Node(string path)
    {
        if (_parser.TryConsume<AnchorAlias>(out var alias))
        {
            return _anchors.TryGetValue(alias.Value, out var anchored)
                ? anchored
                : throw new YamlException(alias.Start, alias.End, $"There is no anchor '{alias.Value}' before this");
        }
        if (_parser.Current is NodeEvent { Tag: { IsEmpty: false, IsNonSpecific: false } } tagged)
        {
            throw new YamlException(tagged.Start, tagged.End, "Tags mean nothing here; leave it out");
        }
        var anchor = (_parser.Current as NodeEvent)?.Anchor ?? AnchorName.Empty;
        ConfigurationNode node = _parser.TryConsume<MappingStart>(out var mapping) ? Mapping(mapping, path)
            : _parser.TryConsume<SequenceStart>(out var list) ? List(list, path)
            : Scalar(_parser.Consume<Scalar>(), path);
        if (!anchor.IsEmpty)
        {
            _anchors[anchor] = node;
        }
        return node;
    }

    private ScalarNode Scalar(Scalar scalar, string path) => new(
        _placeOf(scalar.Start), path, scalar.Value,
        IsNull: scalar.Style == ScalarStyle.Plain && scalar.Value is "" or "~" or "null" or "Null" or "NULL",
        IsLiteral: _literal,
        IsPlain: scalar.Style == ScalarStyle.Plain);

    private ListNode List(SequenceStart start, string path)
    {
        var items = new List<ConfigurationNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(Node($"{path}[{items.Count}]"));
        }
        return new ListNode(_placeOf(start.Start), path, items);
    }

    private MappingNode Mapping(MappingStart start, string path)
    {
        var mapping = new MappingNode(_placeOf(start.Start), path);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var at = _parser.Current!;
            var key = Node("") as ScalarNode ?? throw new YamlException(at.Start, at.End, "A key expects to be a plain text");
            mapping.Add(new MappingEntry(key.Place, key.Text, Node(mapping.Inside(key.Text))));
        }
        return mapping;
    }
}
