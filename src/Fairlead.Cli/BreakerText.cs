using System.Globalization;

namespace Fairlead.Cli;

/// <summary>Circuit breakers as people write them, named as in <c>fairlead.yaml</c>: <c>failures=5,open_for=60s,max_open=10m</c>.</summary>
internal static class BreakerText
{
    private static readonly string[] Names = ["failures", "open_for", "max_open"];

    /// <exception cref="FormatException">It is none; the message says what was expected.</exception>
    public static BreakerPolicy Parse(string text)
    {
        var policy = new BreakerPolicy();
        var longest = null as TimeSpan?;
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var pair = part.Split('=', 2, StringSplitOptions.TrimEntries);
            var value = pair.Length > 1 ? pair[1] : "";
            switch (pair[0])
            {
                case "failures":
                    policy = policy with { Failures = Whole(value) ?? throw Wrong(part, "a whole number, failures=5") };
                    break;
                case "open_for":
                    policy = policy with { OpenFor = Duration(value) ?? throw Wrong(part, "a duration, open_for=60s") };
                    break;
                case "max_open":
                    longest = Duration(value) ?? throw Wrong(part, "a duration, max_open=10m");
                    break;
                default:
                    throw Unknown(pair[0]);
            }
        }
        // Who says only for how long it opens at first means at least that.
        policy = policy with { MaxOpen = longest ?? (policy.OpenFor > policy.MaxOpen ? policy.OpenFor : policy.MaxOpen) };
        return policy.Problems("").Any()
            ? throw new FormatException($"A breaker expects 1 to 1000 failures and 0 < open_for <= max_open; got '{text}'.")
            : policy;
    }

    /// <summary>As it is read.</summary>
    public static string Format(BreakerPolicy policy) =>
        $"failures={policy.Failures.ToString(CultureInfo.InvariantCulture)},open_for={DurationText.Format(policy.OpenFor)},max_open={DurationText.Format(policy.MaxOpen)}";

    private static int? Whole(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static TimeSpan? Duration(string text) => DurationText.TryParse(text, out var duration) ? duration : null;

    private static FormatException Wrong(string part, string expected) => new($"A breaker's {part.Split('=')[0]} expects {expected}; got '{part}'.");

    private static FormatException Unknown(string name) => new(
        $"A breaker has no '{name}'{(NearestName.Of(name, Names) is { } nearest ? $"; did you mean '{nearest}'?" : ".")} Expected failures=5,open_for=60s,max_open=10m, or some of them.");
}
