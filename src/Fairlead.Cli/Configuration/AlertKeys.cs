namespace Fairlead.Cli.Configuration;

/// <summary>The keys of <c>alerts:</c>.</summary>
internal static class AlertKeys
{
    private static readonly ScalarType<AlertKinds> Kind = Types.OneOf(
        ("slow", AlertKinds.Slow), ("starved", AlertKinds.Starved), ("crashing", AlertKinds.Crashing),
        ("quarantined", AlertKinds.Quarantined), ("dead_node", AlertKinds.DeadNode), ("failed_batch", AlertKinds.FailedBatch));

    private static readonly ListType<AlertKinds> Kinds = new("list", $"a list of {Kind.Expects}", Kind);

    public static readonly SectionType<AlertConfiguration> Section = new("alerts", static reading => new AlertConfiguration { Directory = reading.FullPath(".") },
    [
        Key.Of("url", Types.Address, static (AlertConfiguration alerts, Uri url) => alerts with { Url = url },
            "Where alerts are posted, as JSON. Never shown.", "\"https://alerts.example.com/fairlead\""),
        Key.Of("run", QueueKeys.Program, static (AlertConfiguration alerts, IReadOnlyList<string> run) => alerts with { Run = run },
            "The program that is run for each alert, which it gets as JSON on standard input.", "[./alert.sh]"),
        Key.Of("on", Kinds, static (AlertConfiguration alerts, IReadOnlyList<AlertKinds> kinds) => alerts with { On = kinds.Aggregate(AlertKinds.None, static (one, other) => one | other) },
            "What is told: slow attempts, starved jobs, crashing pools, quarantined groups, dead nodes, failed batches.", "[slow, starved, crashing, quarantined, dead_node, failed_batch]", "all of them"),
    ])
    {
        Rules = static (mapping, _, reading) =>
        {
            if (!mapping.RefuseBoth(reading, "url", "run") && !mapping.Has("url") && !mapping.Has("run"))
            {
                reading.Errors.Add(mapping.Place, $"{mapping.Path} expects url or run: nobody is told otherwise.");
            }
        },
    };
}
