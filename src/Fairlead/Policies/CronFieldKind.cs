using System.Globalization;

namespace Fairlead.Policies;

/// <summary>What one field of a cron expression may hold.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Least">The least value.</param>
/// <param name="Most">The greatest value.</param>
/// <param name="Words">Names of the values, from the least on; none for numbers only.</param>
internal sealed record CronFieldKind(string Name, int Least, int Most, IReadOnlyList<string> Words)
{
    private string Expected => $"Expected {Least} to {Most}{(Words.Count == 0 ? "" : $", {Words[0]} to {Words[^1]}")}, *, a range (1-5), a step (*/5) or a list (1,3)";

    /// <summary>What is wrong with a field, without the expression; null when nothing is.</summary>
    public string? Problem(string field) => field.Split(',').Select(ProblemOfPart).FirstOrDefault(static problem => problem is not null);

    private string? ProblemOfPart(string part)
    {
        var (range, step) = part.Split('/') switch { [var all] => (all, null), [var all, var every] => (all, every), _ => ("", null) };
        if (step is not null && (Number(step) is not { } distance || distance < 1 || distance > Most))
        {
            return $"Expected a step of 1 to {Most} in the {Name}; got '{part}'.";
        }
        var ends = range == "*" ? [Least] : range.Split('-').Select(Value).ToList();
        return ends switch
        {
            [{ } first, { } last] when last < first => $"The {Name} '{part}' runs backwards. Expected the smaller one first; around the end write two: {first}-{Most},{Least}-{last}.",
            [{ }] or [{ }, { }] => null,
            _ when range == "7" && Most == 6 => $"{Expected} as the {Name}; got '{part}'. Sunday is 0.",
            _ => $"{Expected} as the {Name}; got '{part}'.",
        };
    }

    private int? Value(string text) =>
        Number(text) is { } number ? number >= Least && number <= Most ? number : null
        : Words.Index().FirstOrDefault(word => string.Equals(word.Item, text, StringComparison.OrdinalIgnoreCase)) is (var index, { }) ? index + Least
        : null;

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
