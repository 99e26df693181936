namespace Fairlead.Cli.Configuration;

/// <summary>One piece of a configuration, not yet understood: where it stands and under which key.</summary>
/// <param name="Place">Where it stands.</param>
/// <param name="Path">The keys that lead to it: <c>queues.ai.timeout</c>; empty for the whole.</param>
internal abstract record ConfigurationNode(Place Place, string Path)
{
    /// <summary>The path of something inside.</summary>
    public string Inside(string key) => Path.Length == 0 ? key : $"{Path}.{key}";
}

/// <summary>A text, number or truth value, as it was written.</summary>
/// <param name="Place">Where it stands.</param>
/// <param name="Path">The keys that lead to it.</param>
/// <param name="Text">What was written, <c>${…}</c> included.</param>
/// <param name="IsNull">Nothing, <c>null</c> or <c>~</c>, without quotes.</param>
/// <param name="IsLiteral">It comes from a variable: <c>${</c> means nothing in it.</param>
/// <param name="IsPlain">It has no quotes: where any value may stand, <c>5</c> is a number.</param>
internal sealed record ScalarNode(Place Place, string Path, string Text, bool IsNull = false, bool IsLiteral = false, bool IsPlain = false) : ConfigurationNode(Place, Path);

/// <summary>A list.</summary>
internal sealed record ListNode(Place Place, string Path, IReadOnlyList<ConfigurationNode> Items) : ConfigurationNode(Place, Path);

/// <summary>Keys and what they hold, in the order of the file.</summary>
internal sealed record MappingNode(Place Place, string Path) : ConfigurationNode(Place, Path)
{
    private readonly List<MappingEntry> _entries = [];

    public IReadOnlyList<MappingEntry> Entries => _entries;

    /// <summary>What a key holds; null when it is not there.</summary>
    public ConfigurationNode? Find(string key) => _entries.Find(entry => entry.Key == key)?.Value;

    public bool Has(string key) => Find(key) is not null;

    /// <summary>Adds an entry, even if its key is there.</summary>
    public void Add(MappingEntry entry) => _entries.Add(entry);

    /// <summary>Puts an entry in the place of the one with its key, or at the end.</summary>
    public void Put(MappingEntry entry)
    {
        var at = _entries.FindIndex(existing => existing.Key == entry.Key);
        if (at < 0)
        {
            _entries.Add(entry);
        }
        else
        {
            _entries[at] = entry;
        }
    }
}

/// <summary>One key of a mapping.</summary>
/// <param name="Place">Where the key stands.</param>
/// <param name="Key">The key.</param>
/// <param name="Value">What it holds.</param>
internal sealed record MappingEntry(Place Place, string Key, ConfigurationNode Value);
