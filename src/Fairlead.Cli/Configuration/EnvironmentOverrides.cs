namespace Fairlead.Cli.Configuration;

/// <summary>
/// Variables that stand above the file: <c>FAIRLEAD__QUEUES__AI__MAX_CONCURRENT=5</c>, the keys that lead to a value joined by double
/// underscores. Case does not matter, and what no variable's name can hold (a dash, a dot) is an underscore. Lists are written as in the file: <c>[a, b]</c>.
/// </summary>
internal sealed class EnvironmentOverrides(string variable, string text, ConfigurationErrors errors)
{
    private const string Prefix = "FAIRLEAD__";
    private const string Separator = "__";

    /// <summary>Lays all of them over a file.</summary>
    public static void Apply(MappingNode file, IReadOnlyDictionary<string, string> environment, ConfigurationErrors errors)
    {
        foreach (var (name, text) in environment.Where(static pair => pair.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)).OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            new EnvironmentOverrides(name, text, errors).Apply(file, ServerKeys.Section, name[Prefix.Length..].Split(Separator), 0);
        }
    }

    /// <summary>The one that names the store; null when there is none.</summary>
    public static ConfigurationNode? Store(Func<string, string?> variable) =>
        variable($"{Prefix}STORE") is { } text ? new ScalarNode(new Place($"{Prefix}STORE"), "store", text, IsLiteral: true) : null;

    private void Apply(MappingNode at, ConfigurationType type, string[] segments, int depth)
    {
        if (Step(at, type, segments, depth) is not { } step)
        {
            return;
        }
        var (key, inner) = step;
        var path = at.Inside(key);
        if (depth == segments.Length - 1)
        {
            Put(at, key, Value(path, inner));
            return;
        }
        if (inner.Inner is not (ISectionType or IMapType))
        {
            errors.Add(new Place(variable), $"leads to no key: {path} is {inner.Name}, and has no keys inside. Expected {NameOf(segments, depth, key)}.");
            return;
        }
        // A text in the place of keys is overridden as a whole.
        var next = at.Find(key) as MappingNode ?? new MappingNode(new Place(variable), path);
        Put(at, key, next);
        Apply(next, inner.Inner, segments, depth + 1);
    }

    private void Put(MappingNode at, string key, ConfigurationNode? value)
    {
        if (value is not null)
        {
            at.Put(new MappingEntry(new Place(variable), key, value));
        }
    }

    /// <summary>The key that a segment means, and what it holds; nothing when it means none, which is then among the errors.</summary>
    private (string Key, ConfigurationType Type)? Step(MappingNode at, ConfigurationType type, string[] segments, int depth)
    {
        var segment = segments[depth];
        var (names, what, open) = type switch
        {
            ISectionType section => (section.Keys.Select(static key => key.Name), $"key of {section.What}", section.Rest is not null),
            IMapType map => (at.Entries.Select(static entry => entry.Key), map.What, map.IsOpen),
            _ => ([], "key", false),
        };
        var known = names.Concat(open ? at.Entries.Select(static entry => entry.Key) : []).Distinct().ToList();
        var key = known.Find(name => name.Equals(segment, StringComparison.OrdinalIgnoreCase)) ?? known.Find(name => Plain(name) == Plain(segment)) ?? (open && segment.Length > 0 ? segment : null);
        if (key is null)
        {
            RefuseStep(what, known, segments, depth);
            return null;
        }
        return (key, type is IMapType { Of: var of } ? of : Find((ISectionType)type, key));
    }

    private static ConfigurationType Find(ISectionType section, string key) => (section.Keys.FirstOrDefault(known => known.Name == key) ?? section.Rest!).Type;

    private void RefuseStep(string what, List<string> known, string[] segments, int depth)
    {
        var nearest = NearestName.Of(Plain(segments[depth]), known.Select(Plain));
        errors.Add(
            new Place(variable),
            $"leads to no {what}{(nearest is null ? "." : $"; did you mean {NameOf([.. segments[..depth], nearest, .. segments[(depth + 1)..]], segments.Length - 1, null)}?")} Expected: {(known.Count == 0 ? "none is there" : string.Join(", ", known))}.");
    }

    /// <summary>The name of the variable that leads to a key.</summary>
    private static string NameOf(string[] segments, int depth, string? last) =>
        (Prefix + string.Join(Separator, last is null ? segments[..(depth + 1)] : [.. segments[..depth], Plain(last)])).ToUpperInvariant();

    private ConfigurationNode? Value(string path, ConfigurationType type) =>
        text.AsSpan().TrimStart() is ['[' or '{', ..] && !type.IsText
            ? YamlNodes.OfVariable(variable, path, text, errors)
            : new ScalarNode(new Place(variable), path, text, IsLiteral: true, IsPlain: true);

    /// <summary>A name as variables can spell it.</summary>
    private static string Plain(string name) => string.Concat(name.Select(static character => char.IsAsciiLetterOrDigit(character) ? char.ToLowerInvariant(character) : '_'));
}
