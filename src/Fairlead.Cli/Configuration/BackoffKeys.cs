namespace Fairlead.Cli.Configuration;

/// <summary>The keys of a queue's <c>backoff:</c>.</summary>
internal static class BackoffKeys
{
    public static readonly ConfigurationType<Backoff> Section = new SectionType<Backoff>("backoff", static _ => new Backoff(TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(5)),
    [
        Key.Of("first", Types.Duration, static (Backoff backoff, TimeSpan time) => backoff with { First = time }, "The upper bound of the first retry's wait; it doubles with every further one.", "2s", "2s"),
        Key.Of("max", Types.Duration, static (Backoff backoff, TimeSpan time) => backoff with { Max = time }, "The longest wait before a retry.", "5m", "5m, or first where that is longer"),
    ])
    {
        Rules = static (mapping, backoff, reading) => mapping.RefuseLonger(reading, ("first", backoff.First), ("max", backoff.Max)),
    }.Then(static backoff => backoff with { Max = backoff.First > backoff.Max ? backoff.First : backoff.Max });
}

/// <summary>How long retries wait.</summary>
/// <param name="First">At most, the first one.</param>
/// <param name="Max">At most, any.</param>
internal sealed record Backoff(TimeSpan First, TimeSpan Max);
