using Fairlead.Storage;

namespace Fairlead.Cli.Configuration;

/// <summary>
/// The keys of <c>fairlead.yaml</c>. The reader, its messages, overrides by environment, the JSON Schema, the reference and the file of
/// <c>fairlead init</c> all come from here and from the sections named here.
/// </summary>
internal static class ServerKeys
{
    public static readonly SectionType<ServerConfiguration> Section = new("the file", static reading => new ServerConfiguration { File = reading.File },
    [
        Key.Of("store", new StoreType(), static (ServerConfiguration all, string store) => all with { Store = store },
            "Where jobs are kept: a SQLite file on this machine's disk, a server, or this process's memory. FAIRLEAD_STORE and --store stand above it.", "sqlite:./fairlead.db", "sqlite:./fairlead.db"),
        Key.Of("http", HttpKeys.Section, static (ServerConfiguration all, HttpConfiguration http) => all with { Http = http },
            "Where the API listens.", "{ url: \"http://127.0.0.1:5080\" }"),
        Key.Of("retention", RetentionKeys.Section, static (ServerConfiguration all, RetentionConfiguration retention) => all with { Retention = retention },
            "How long ended jobs are kept.", "{ completed: 7d, failed: 30d }"),
        Key.Of("alerts", AlertKeys.Section, static (ServerConfiguration all, AlertConfiguration alerts) => all with { Alerts = alerts },
            "Who is told when something goes wrong: a URL, or a program.", "{ run: [./alert.sh] }"),
        Key.Of("limits", LimitKeys.Map, static (ServerConfiguration all, IReadOnlyList<NamedLimit> limits) => all with { Limits = limits },
            "What the whole cluster may use of things outside it, by name.", "{ sp_api: { rate: 8/s } }"),
        Key.Of("queues", QueueKeys.Map, static (ServerConfiguration all, IReadOnlyList<QueueConfiguration> queues) => all with { Queues = queues },
            "The queues by name, and the programs that serve them.", "{ hello: { run: [cat] } }"),
        Key.Of("schedules", ScheduleKeys.Map, static (ServerConfiguration all, IReadOnlyList<ScheduleConfiguration> schedules) => all with { Schedules = schedules },
            "What makes jobs by time, by name.", "{ sync: { queue: hello, every: 5m } }"),
    ])
    {
        Rules = static (file, all, reading) => new ConfigurationRules(file, all, reading).Check(),
    };

    /// <summary>Every section with the keys that lead to it, <c>NAME</c> for a name of the user's: <c>queues.NAME.breaker</c>.</summary>
    public static IEnumerable<(string Path, ISectionType Section)> Sections { get; } = [.. Inside("", Section)];

    /// <summary>The section in which a key of that name stands; null when there is none.</summary>
    public static string? PlaceOf(string key) => Sections.Where(section => section.Section.Keys.Any(known => known.Name == key)).Select(static section => section.Path).FirstOrDefault(static path => path.Length > 0);

    private static IEnumerable<(string Path, ISectionType Section)> Inside(string path, ISectionType section) =>
        section.Keys.SelectMany(key => key.Type.Inner switch
        {
            ISectionType inner => Inside(Join(path, key.Name), inner),
            IMapType { Of.Inner: ISectionType inner } => Inside(Join(path, $"{key.Name}.NAME"), inner),
            _ => [],
        }).Prepend((path, section));

    private static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";
}
