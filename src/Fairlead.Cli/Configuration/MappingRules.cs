namespace Fairlead.Cli.Configuration;

/// <summary>What must hold of keys, whatever they mean.</summary>
internal static class MappingRules
{
    /// <summary>Refuses keys that come twice.</summary>
    public static void RefuseTwice(this MappingNode mapping, Reading reading)
    {
        var first = new Dictionary<string, Place>(StringComparer.Ordinal);
        foreach (var entry in mapping.Entries.Where(entry => !first.TryAdd(entry.Key, entry.Place)))
        {
            reading.Errors.Add(entry.Place, $"{mapping.Inside(entry.Key)} stands twice; it is first at {first[entry.Key]}.");
        }
    }

    /// <summary>Refuses keys that mean nothing where another one is missing or says something else.</summary>
    /// <param name="mapping">The section.</param>
    /// <param name="reading">Where errors go.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="need">What they need: <c>protocol: stream</c>.</param>
    public static void Need(this MappingNode mapping, Reading reading, IEnumerable<string> keys, string need)
    {
        foreach (var entry in mapping.Entries.Where(entry => keys.Contains(entry.Key)))
        {
            reading.Errors.Add(entry.Place, $"{mapping.Inside(entry.Key)} means nothing without {need}. Add that, or leave {entry.Key} out.");
        }
    }

    /// <summary>Refuses a time that is longer than the one it grows to.</summary>
    public static void RefuseLonger(this MappingNode mapping, Reading reading, (string Key, TimeSpan Time) first, (string Key, TimeSpan Time) most)
    {
        if (mapping.Find(most.Key) is { } node && most.Time < first.Time && !reading.Errors.At(node.Place))
        {
            reading.Errors.Add(node.Place, $"{mapping.Path} expects {first.Key} to be no longer than {most.Key}; got {DurationText.Format(first.Time)} and {DurationText.Format(most.Time)}.");
        }
    }

    /// <summary>Refuses two keys of which there may be one.</summary>
    public static bool RefuseBoth(this MappingNode mapping, Reading reading, string one, string other)
    {
        if (!mapping.Has(one) || !mapping.Has(other))
        {
            return false;
        }
        var second = mapping.Entries.Last(entry => entry.Key == one || entry.Key == other);
        reading.Errors.Add(second.Place, $"{mapping.Path} expects either {one} or {other}; got both.");
        return true;
    }
}
