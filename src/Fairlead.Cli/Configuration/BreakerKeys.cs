namespace Fairlead.Cli.Configuration;

/// <summary>The keys of a queue's <c>breaker:</c>.</summary>
internal static class BreakerKeys
{
    public static readonly ConfigurationType<BreakerPolicy> Section = new SectionType<BreakerPolicy>("breaker", static _ => new BreakerPolicy(),
    [
        Key.Of("failures", Types.Whole(1, 1000), static (BreakerPolicy breaker, int number) => breaker with { Failures = number }, "Failures in a row that open it.", "5", "5"),
        Key.Of("open_for", Types.Duration, static (BreakerPolicy breaker, TimeSpan time) => breaker with { OpenFor = time }, "How long it stays open the first time; it doubles with every probe that fails.", "30s", "30s"),
        Key.Of("max_open", Types.Duration, static (BreakerPolicy breaker, TimeSpan time) => breaker with { MaxOpen = time }, "The longest time it stays open at once.", "10m", "10m, or open_for where that is longer"),
    ])
    {
        Rules = static (mapping, breaker, reading) => mapping.RefuseLonger(reading, ("open_for", breaker.OpenFor), ("max_open", breaker.MaxOpen)),
    }.Then(static breaker => breaker with { MaxOpen = breaker.OpenFor > breaker.MaxOpen ? breaker.OpenFor : breaker.MaxOpen });
}
