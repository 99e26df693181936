using System.Collections.Immutable;

namespace Fairlead.Cli.Configuration;

/// <summary><c>timeout:</c> one time, or the keys of several.</summary>
internal static class TimeoutKeys
{
    private static readonly SectionType<TimeoutTiers> Tiers = new("times by payload", static _ => new TimeoutTiers(),
    [
        Key.Of("by", Types.Pointer, static (TimeoutTiers tiers, string pointer) => tiers with { By = pointer },
            "Where the payload says which time is meant.", "/tier", required: true),
        Key.Of("default", Types.Duration, static (TimeoutTiers tiers, TimeSpan time) => tiers with { Default = time },
            "The time for payloads that say something else, or nothing.", "60s", "no limit but the deadline"),
    ])
    {
        OtherKeys = static value => Key.Of(value, Types.Duration, (TimeoutTiers tiers, TimeSpan time) => tiers with { Times = tiers.Times.SetItem(value, time) },
            "The time for payloads that say this: a text, a number, true or false.", "30s"),
        Rules = static (mapping, tiers, reading) =>
        {
            if (mapping.Entries.All(static entry => entry.Key is "by" or "default"))
            {
                reading.Errors.Add(mapping.Place, $"{mapping.Path} expects at least one value with its time, such as \"1\": 30s; got none.");
            }
        },
    };

    public static readonly ConfigurationType<TimeoutTiers> Choice =
        new ChoiceType<TimeoutTiers>(Types.Duration.Then(static time => new TimeoutTiers { Default = time }), Tiers);
}

/// <summary>How long attempts may take, as it is read.</summary>
internal sealed record TimeoutTiers
{
    public TimeSpan? Default { get; init; }

    public string? By { get; init; }

    public ImmutableDictionary<string, TimeSpan> Times { get; init; } = ImmutableDictionary.Create<string, TimeSpan>(StringComparer.Ordinal);

    public QueueDefinition ApplyTo(QueueDefinition queue) => queue with { Timeout = Default, TimeoutBy = By is null ? null : new TimeoutBy(By, Times) };
}
