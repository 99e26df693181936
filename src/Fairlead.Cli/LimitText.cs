using System.Globalization;
using Fairlead.Cli.Configuration;
using Fairlead.Storage;

namespace Fairlead.Cli;

/// <summary>
/// Limits as people write them: <c>8/s</c> or <c>concurrent:10</c>, then options after commas, named as in <c>fairlead.yaml</c>:
/// <c>20/s,burst=4</c>, <c>100/m,shape=window</c>. What is not named stays as it was.
/// </summary>
internal static class LimitText
{
    private const string AtOnce = "concurrent:";

    private static readonly Dictionary<string, LimitOption> Options = new(StringComparer.Ordinal)
    {
        ["burst"] = new("a whole number of 1 or more, burst=4", static (limit, text) => Whole(text) is { } burst ? limit with { Burst = burst } : null),
        ["shape"] = new("smooth or window", static (limit, text) => Shape(text) is { } shape ? limit with { Shape = shape } : null),
        ["margin"] = new("a share, margin=2%", static (limit, text) => Share(text) is { } margin ? limit with { Margin = margin } : null),
        ["resets"] = new("a time of day and a zone, 'resets=00:00 America/Los_Angeles'", static (limit, text) => Reset(text) is { } resets ? limit with { Resets = resets } : null),
        ["per_group"] = new("true or false", static (limit, text) => Flag(text) is { } on ? limit with { PerGroup = on } : null),
        ["debt"] = new("true or false", static (limit, text) => Flag(text) is { } on ? limit with { Debt = on } : null),
        ["adaptive"] = new("true or false", static (limit, text) => Flag(text) is { } on ? limit with { Adaptive = on } : null),
    };

    /// <summary>Reads <c>NAME=RATE</c>.</summary>
    /// <exception cref="FormatException">It is none; the message says what was expected.</exception>
    public static NamedLimit ParseNamed(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            throw new FormatException($"Expected a name and a rate, such as api=8/s; got '{text}'.");
        }
        var name = text[..equals];
        return new NamedLimit(name, Parse(name, text[(equals + 1)..]));
    }

    /// <summary>Reads what a limit of that name allows.</summary>
    /// <param name="name">For the messages.</param>
    /// <param name="text">As people write it.</param>
    /// <param name="before">What it allows so far; null for a new one.</param>
    /// <exception cref="FormatException">It is none; the message says what was expected.</exception>
    public static Limit Parse(string name, string text, Limit? before = null)
    {
        var parts = text.Split(',', StringSplitOptions.TrimEntries);
        var limit = parts[1..].Aggregate(Amount(name, parts[0], before ?? new Limit()), (so, part) => With(name, so, part));
        return limit.Problems(name).FirstOrDefault() is { } problem ? throw new FormatException(problem) : limit;
    }

    private static Limit Amount(string name, string text, Limit before)
    {
        if (text.StartsWith(AtOnce, StringComparison.Ordinal))
        {
            return Whole(text[AtOnce.Length..]) is { } number
                ? before with { AtOnce = number, Rate = null }
                : throw new FormatException($"Limit '{name}': expected a whole number of 1 or more after concurrent:, such as concurrent:10; got '{text}'.");
        }
        return Rate.TryParse(text, out var rate)
            ? before with { Rate = rate, AtOnce = null }
            : throw new FormatException($"Limit '{name}': expected a rate such as 8/s, 90000/m or 5000/day, or concurrent:10; got '{text}'.");
    }

    private static Limit With(string name, Limit limit, string part)
    {
        var pair = part.Split('=', 2, StringSplitOptions.TrimEntries);
        if (!Options.TryGetValue(pair[0], out var option))
        {
            var nearest = NearestName.Of(pair[0], Options.Keys);
            throw new FormatException($"Limit '{name}' has no option '{pair[0]}'{(nearest is null ? "" : $"; did you mean '{nearest}'?")} Options after the rate: {string.Join(", ", Options.Keys)}.");
        }
        // An option that is only named is switched on: per_group is per_group=true.
        return option.Set(limit, pair.Length > 1 ? pair[1] : "true")
            ?? throw new FormatException($"Limit '{name}': {pair[0]} expects {option.Expects}; got '{part}'.");
    }

    private static int? Whole(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;

    private static bool? Flag(string text) => bool.TryParse(text, out var on) ? on : null;

    private static LimitShape? Shape(string text) => text switch
    {
        "smooth" => LimitShape.Smooth,
        "window" => LimitShape.Window,
        _ => null,
    };

    private static double? Share(string text) => ShareText.TryParse(text, out var share) ? share : null;

    private static DailyReset? Reset(string text)
    {
        try
        {
            return DailyReset.Parse(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>One option.</summary>
    /// <param name="Expects">What its value looks like.</param>
    /// <param name="Set">Puts a value into a limit; null when it is none.</param>
    private sealed record LimitOption(string Expects, Func<Limit, string, Limit?> Set);
}
