using System.Globalization;

namespace Fairlead;

/// <summary>Changes of a queue as people write them, named as in <c>fairlead.yaml</c>: <c>max_concurrent=5 timeout=60s retry_budget=10%</c>.</summary>
internal static class QueueChangeText
{
    private static readonly Dictionary<string, Setting> Settings = new(StringComparer.Ordinal)
    {
        ["max_concurrent"] = new("a whole number of 1 or more", static (change, text) => Whole(text) is { } number ? change with { MaxConcurrent = number } : null),
        ["timeout"] = new("a duration such as 60s", static (change, text) => Time(text) is { } time ? change with { Timeout = time } : null),
        ["kill_after"] = new("a duration such as 5s", static (change, text) => Time(text) is { } time ? change with { KillAfter = time } : null),
        ["slow_after"] = new("a duration such as 60s", static (change, text) => Time(text) is { } time ? change with { SlowAfter = time } : null),
        ["retries"] = new("a whole number", static (change, text) => Whole(text) is { } number ? change with { Retries = number } : null),
        ["retry_budget"] = new("a share such as 10%", static (change, text) => Share(text) is { } share ? change with { RetryBudget = share } : null),
        ["priority"] = new("a whole number, below zero too", static (change, text) => Signed(text) is { } number ? change with { Priority = number } : null),
        ["group_concurrency"] = new("a whole number of 1 or more", static (change, text) => Whole(text) is { } number ? change with { GroupConcurrency = number } : null),
    };

    /// <summary>What may be changed, by name.</summary>
    public static IEnumerable<string> Names => Settings.Keys;

    /// <summary>Reads words of the form <c>name=value</c>.</summary>
    /// <param name="queue">For the messages.</param>
    /// <param name="words">The words.</param>
    /// <exception cref="FormatException">One of them is none, or the change is not sound; the message says what was expected.</exception>
    public static QueueChange Parse(string queue, IEnumerable<string> words)
    {
        var change = words.Aggregate(new QueueChange(), (so, word) => word.Split('=', 2, StringSplitOptions.TrimEntries) is [var name, var value]
            ? With(queue, so, name, value)
            : throw new FormatException($"Queue '{queue}': expected name=value, such as max_concurrent=5; got '{word}'."));
        return change.Problems(queue).FirstOrDefault() is { } problem ? throw new FormatException(problem) : change;
    }

    /// <summary>One more value in a change.</summary>
    /// <exception cref="FormatException">There is nothing of that name, or the value is none; the message says what was expected.</exception>
    public static QueueChange With(string queue, QueueChange change, string name, string value)
    {
        if (!Settings.TryGetValue(name, out var setting))
        {
            var nearest = NearestName.Of(name, Names);
            throw new FormatException($"Queue '{queue}': '{name}' cannot be changed{(nearest is null ? "." : $"; did you mean '{nearest}'?")} What can: {string.Join(", ", Names)}.");
        }
        return setting.Set(change, value) ?? throw new FormatException($"Queue '{queue}': {name} expects {setting.Expects}; got '{value}'.");
    }

    /// <summary>As <see cref="Parse" /> reads it.</summary>
    public static string Format(QueueChange change) => string.Join(' ', Pairs(change).Where(static pair => pair.Value is not null).Select(static pair => $"{pair.Name}={pair.Value}"));

    private static (string Name, string? Value)[] Pairs(QueueChange change) =>
    [
        ("max_concurrent", Text(change.MaxConcurrent)), ("timeout", Text(change.Timeout)), ("kill_after", Text(change.KillAfter)), ("slow_after", Text(change.SlowAfter)),
        ("retries", Text(change.Retries)), ("retry_budget", change.RetryBudget is { } share ? string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.######}%") : null),
        ("priority", Text(change.Priority)), ("group_concurrency", Text(change.GroupConcurrency)),
    ];

    private static string? Text(int? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static string? Text(TimeSpan? time) => time is { } span ? DurationText.Format(span) : null;

    private static int? Whole(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static int? Signed(string text) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static TimeSpan? Time(string text) => DurationText.TryParse(text, out var time) ? time : null;

    private static double? Share(string text)
    {
        var digits = text.TrimEnd('%').TrimEnd();
        return double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number / (digits.Length < text.Length ? 100 : 1) : null;
    }

    /// <summary>One thing that may be changed.</summary>
    /// <param name="Expects">What its value looks like.</param>
    /// <param name="Set">Puts a value into a change; null when it is none.</param>
    private sealed record Setting(string Expects, Func<QueueChange, string, QueueChange?> Set);
}
