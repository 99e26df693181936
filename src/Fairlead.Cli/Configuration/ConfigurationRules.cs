using Fairlead.Storage;

namespace Fairlead.Cli.Configuration;

/// <summary>What must hold between the sections of a file: what queues name is there.</summary>
internal sealed class ConfigurationRules(MappingNode file, ServerConfiguration all, Reading reading)
{
    public void Check()
    {
        foreach (var entry in ((file.Find("queues") as MappingNode)?.Entries ?? []).DistinctBy(static entry => entry.Key))
        {
            CheckName(entry);
            if (entry.Value is MappingNode mapping && all.Queue(entry.Key) is { } queue)
            {
                CheckLimits(mapping, queue.Definition);
                CheckThen(mapping, queue.Definition);
            }
        }
    }

    private void CheckName(MappingEntry entry)
    {
        try
        {
            NewJobRules.CheckName(entry.Key, "A queue's name");
        }
        catch (ArgumentException error)
        {
            reading.Errors.Add(entry.Place, error.Message);
        }
    }

    private void CheckLimits(MappingNode queue, QueueDefinition definition)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in definition.Limits.Select(static use => use.Name))
        {
            if (!Declared("limits", name))
            {
                Unknown(PlaceOf(queue, name), $"{queue.Path}.limits", "limit", name, "limits");
            }
            else if (!seen.Add(name))
            {
                reading.Errors.Add(queue.Find("limits")!.Place, $"{queue.Path}.limits names '{name}' twice; once is expected.");
            }
        }
    }

    private void CheckThen(MappingNode queue, QueueDefinition definition)
    {
        if (definition.Then is { } then && !Declared("queues", then.Queue))
        {
            Unknown(queue.Find("then")!.Place, $"{queue.Path}.then", "queue", then.Queue, "queues");
        }
    }

    private bool Declared(string section, string name) => file.Find(section) is MappingNode mapping && mapping.Has(name);

    private void Unknown(Place place, string path, string what, string name, string section)
    {
        var known = ((file.Find(section) as MappingNode)?.Entries ?? []).Select(static entry => entry.Key).ToList();
        var hint = NearestName.Of(name, known) is { } nearest ? $"; did you mean '{nearest}'?" : ".";
        reading.Errors.Add(place, $"{path} names the {what} '{name}', which {section} does not declare{hint} Declared: {(known.Count == 0 ? "none" : string.Join(", ", known))}.");
    }

    private static Place PlaceOf(MappingNode queue, string limit)
    {
        var list = queue.Find("limits")!;
        var items = (list as ListNode)?.Items ?? [];
        return items.OfType<MappingNode>().SelectMany(static item => item.Entries).Where(entry => entry.Key == limit).Select(static entry => entry.Place)
            .Concat(items.OfType<ScalarNode>().Where(item => item.Text == limit).Select(static item => item.Place))
            .FirstOrDefault(list.Place);
    }
}
