using Fairlead.Storage;

namespace Fairlead.Cli.Configuration;

/// <summary>The keys of one of <c>limits:</c>.</summary>
internal static class LimitKeys
{
    private static readonly ScalarType<LimitShape> Shape = Types.OneOf(("smooth", LimitShape.Smooth), ("window", LimitShape.Window));

    private static readonly SectionType<LimitHeaders> Headers = new("headers", static _ => new LimitHeaders(),
    [
        Key.Of("remaining", Types.Text, static (LimitHeaders headers, string name) => headers with { Remaining = name }, "The response header that says how many permits are left.", "x-tokens-left"),
        Key.Of("reset", Types.Text, static (LimitHeaders headers, string name) => headers with { Reset = name },
            "The response header that says when there are new ones, perhaps with its unit: x-refill-in:ms, or s, unix, unix_ms. Without one it is seconds.", "x-refill-in"),
    ]);

    public static readonly SectionType<Limit> Section = new("a limit", static _ => new Limit(),
    [
        Key.Of("rate", Types.Rate, static (Limit limit, Rate rate) => limit with { Rate = rate }, "How many permits in how much time, in any window of that time.", "8/s"),
        Key.Of("concurrent", Types.Whole(1), static (Limit limit, int number) => limit with { AtOnce = number }, "How many permits may be held at once; in place of a rate.", "10"),
        Key.Of("burst", Types.Whole(1), static (Limit limit, int burst) => limit with { Burst = burst }, "More than 1 makes the rate a token bucket of this size.", "20", "1"),
        Key.Of("shape", Shape, static (Limit limit, LimitShape shape) => limit with { Shape = shape }, "smooth: one permit after the other, at equal distances. window: all of them may go at once, and never more in any window.", "window", "smooth"),
        Key.Of("resets", Types.Reset, static (Limit limit, DailyReset resets) => limit with { Resets = resets }, "The time of day at which a rate per day is whole again.", "\"00:00 America/Los_Angeles\""),
        Key.Of("per_group", Types.Flag, static (Limit limit, bool on) => limit with { PerGroup = on }, "Each group has a limit of its own.", "true", "false"),
        Key.Of("debt", Types.Flag, static (Limit limit, bool on) => limit with { Debt = on }, "Charged afterwards with what a call really cost; may go below zero.", "true", "false"),
        Key.Of("margin", Types.Share(-1, 0.5, "2%"), static (Limit limit, double margin) => limit with { Margin = margin }, "The share of the rate that is left unused, for upstreams across a network.", "2%", "0%"),
        Key.Of("adaptive", Types.Flag, static (Limit limit, bool on) => limit with { Adaptive = on }, "The rate is a ceiling: a 429 lowers it, successes raise it again.", "true", "false"),
        Key.Of("headers", Headers, static (Limit limit, LimitHeaders headers) => limit with { Headers = headers }, "The response headers by which an upstream says what is left.", "{ remaining: x-tokens-left, reset: x-refill-in }"),
    ])
    {
        Rules = static (mapping, limit, reading) => Check(mapping, limit, reading),
    };

    public static readonly ConfigurationType<IReadOnlyList<NamedLimit>> Map = new MapType<Limit>("limit", "names of limits with their keys, such as sp_api: { rate: 8/s }", Section)
        .Then(static limits => (IReadOnlyList<NamedLimit>)[.. limits.Select(static limit => new NamedLimit(limit.Name, limit.Value))]);

    private static void Check(MappingNode mapping, Limit limit, Reading reading)
    {
        if (mapping.RefuseBoth(reading, "rate", "concurrent") || mapping.Entries.Any(entry => reading.Errors.At(entry.Value.Place)))
        {
            return;
        }
        if (!mapping.Has("rate") && !mapping.Has("concurrent"))
        {
            reading.Errors.Add(mapping.Place, $"{mapping.Path} expects a rate, such as rate: 8/s, or a number at once, such as concurrent: 10; got neither.");
            return;
        }
        foreach (var problem in limit.Problems(mapping.Path["limits.".Length..]))
        {
            reading.Errors.Add(mapping.Place, problem);
        }
    }
}
