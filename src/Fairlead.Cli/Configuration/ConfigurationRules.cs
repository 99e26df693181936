using Fairlead.Schedules;
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
            CheckReserved(entry);
            if (entry.Value is MappingNode mapping && all.Queue(entry.Key) is { } queue)
            {
                CheckLimits(mapping, queue.Definition);
                CheckThen(mapping, queue.Definition);
            }
        }
        foreach (var entry in ((file.Find("schedules") as MappingNode)?.Entries ?? []).DistinctBy(static entry => entry.Key))
        {
            CheckScheduleName(entry);
            if (entry.Value is MappingNode mapping)
            {
                CheckQueues(mapping);
            }
        }
    }

    private void CheckReserved(MappingEntry entry)
    {
        if (ScheduleRules.IsReserved(entry.Key))
        {
            reading.Errors.Add(entry.Place, $"queues.{entry.Key}: names that begin with 'fairlead.' are kept for the queues of cycles. Name it otherwise.");
        }
    }

    /// <summary>A schedule's name stands in those of its targets' queue and of its rounds' unique key.</summary>
    private void CheckScheduleName(MappingEntry entry)
    {
        const int most = 150;
        if (entry.Key.Length is 0 or > most || entry.Key.Any(char.IsControl))
        {
            reading.Errors.Add(entry.Place, $"A schedule's name has 1 to {most} characters and no control characters; got {(entry.Key.Length > most ? $"{entry.Key.Length} characters" : $"'{entry.Key}'")}.");
        }
    }

    private void CheckQueues(MappingNode schedule)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var named = schedule.Find("queues") is ListNode list ? list.Items : [.. new[] { schedule.Find("queue") }.OfType<ConfigurationNode>()];
        foreach (var name in named.OfType<ScalarNode>().Where(static name => !name.IsNull && !name.Text.Contains("${", StringComparison.Ordinal)))
        {
            if (!Declared("queues", name.Text))
            {
                Unknown(name.Place, name.Path, "queue", name.Text, "queues");
            }
            else if (!seen.Add(name.Text))
            {
                reading.Errors.Add(name.Place, $"{name.Path} names '{name.Text}' twice; once is expected.");
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
