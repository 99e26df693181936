namespace Fairlead.Policies;

/// <summary>How cron expressions are written, and what is wrong with one.</summary>
internal static class CronText
{
    private const string Fives = "minute hour day-of-month month day-of-week";
    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private static readonly Dictionary<string, string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["@hourly"] = "0 * * * *",
        ["@daily"] = "0 0 * * *",
        ["@weekly"] = "0 0 * * 0",
        ["@monthly"] = "0 0 1 * *",
        ["@yearly"] = "0 0 1 1 *",
    };

    /// <summary>The fields of an expression with seconds, in their order.</summary>
    public static IReadOnlyList<CronFieldKind> Kinds { get; } =
    [
        new("second", 0, 59, []), new("minute", 0, 59, []), new("hour", 0, 23, []),
        new("day of month", 1, 31, []), new("month", 1, 12, Months), new("day of week", 0, 6, Days),
    ];

    /// <summary>The fields of an expression; those of the expression that an @name stands for.</summary>
    public static IReadOnlyList<string> Fields(string expression) =>
        Names.GetValueOrDefault(expression.Trim(), expression).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Whether a field says "every so often": it has a <c>*</c>, a range or a step.</summary>
    public static bool IsInterval(string field) => field.AsSpan().ContainsAny("*-/");

    /// <summary>What is wrong with an expression, and the way out; null when nothing is.</summary>
    public static string? Problem(string expression)
    {
        if (expression.TrimStart().StartsWith('@') && !Names.ContainsKey(expression.Trim()))
        {
            return NearestName.Unknown("cron name", expression.Trim(), Names.Keys);
        }
        var fields = Fields(expression);
        if (fields.Count is not (5 or 6))
        {
            return $"A cron expression has five fields ({Fives}), or six with the second first; got {fields.Count} in '{expression}'. For example \"0 3 * * *\": every day at 03:00.";
        }
        var wrong = Kinds.Skip(Kinds.Count - fields.Count).Zip(fields, static (kind, field) => kind.Problem(field)).FirstOrDefault(static problem => problem is not null);
        return wrong is null && new CronTimes(expression).Next(LeapDay) is null
            ? $"'{expression}' never comes: no month that it names has such a day. Expected a day that exists, up to 28 for every month; for the end of a month name the first of the next."
            : wrong is null ? null : $"{wrong} In '{expression}'.";
    }

    /// <summary>Any time does: what comes at all comes again.</summary>
    private static DateTime LeapDay { get; } = new(2000, 2, 29, 0, 0, 0, DateTimeKind.Unspecified);
}
