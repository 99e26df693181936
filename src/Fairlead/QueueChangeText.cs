using System.Globalization;

namespace Fairlead;

/// <summary>Changes of a queue as operators write them, with the keys and values of <c>fairlead.yaml</c>: <c>max_concurrent=5</c>, <c>timeout=90s</c>, <c>retry_budget=10%</c>.</summary>
internal static class QueueChangeText
{
    private static readonly Dictionary<string, Key> Known = new(StringComparer.Ordinal)
    {
        ["max_concurrent"] = new("a whole number of 1 or more", static (change, text) => Whole(text) is { } number ? change with { MaxConcurrent = number } : null),
        ["timeout"] = new("a duration such as 60s", static (change, text) => Duration(text) is { } time ? change with { Timeout = time } : null),
        ["kill_after"] = new("a duration such as 5s", static (change, text) => Duration(text) is { } time ? change with { KillAfter = time } : null),
        ["slow_after"] = new("a duration such as 60s", static (change, text) => Duration(text) is { } time ? change with { SlowAfter = time } : null),
        ["retries"] = new("a whole number", static (change, text) => Whole(text) is { } number ? change with { Retries = number } : null),
        ["retry_budget"] = new("a share such as 10% or 0.1", static (change, text) => Share(text) is { } share ? change with { RetryBudget = share } : null),
        ["priority"] = new("a whole number", static (change, text) => Whole(text) is { } number ? change with { Priority = number } : null),
        ["group_concurrency"] = new("a whole number of 1 or more", static (change, text) => Whole(text) is { } number ? change with { GroupConcurrency = number } : null),
    };

    /// <summary>The keys.</summary>
    public static IReadOnlyCollection<string> Keys => Known.Keys;

    /// <summary>A change with one more key set.</summary>
    /// <exception cref="FormatException">There is no such key, or its value is none; the message says what was expected.</exception>
    public static QueueChange With(QueueChange change, string key, string value)
    {
        if (!Known.TryGetValue(key, out var known))
        {
            throw new FormatException(NearestName.Unknown("key", key, Keys, "What else a queue says is changed where it is declared."));
        }
        return known.Set(change, value) ?? throw new FormatException($"{key} expects {known.Expects}; got '{value}'.");
    }

    private static int? Whole(string text) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static TimeSpan? Duration(string text) => DurationText.TryParse(text, out var duration) ? duration : null;

    private static double? Share(string text)
    {
        var digits = text.TrimEnd('%').TrimEnd();
        return double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number / (digits.Length < text.Length ? 100 : 1) : null;
    }

    /// <summary>One key.</summary>
    /// <param name="Expects">What its value looks like.</param>
    /// <param name="Set">Puts a value into a change; null when it is none.</param>
    private sealed record Key(string Expects, Func<QueueChange, string, QueueChange?> Set);
}
