namespace Fairlead;

/// <summary>Finds what somebody meant who mistyped a name.</summary>
internal static class NearestName
{
    private const int Shown = 10;

    /// <summary>The candidate with the fewest changes from <paramref name="typed" />, if they are few enough to be a slip.</summary>
    public static string? Of(string typed, IEnumerable<string> candidates)
    {
        var best = candidates.Select(candidate => (Name: candidate, Changes: Changes(typed, candidate))).OrderBy(pair => pair.Changes).FirstOrDefault();
        return best.Name is not null && best.Changes <= Math.Max(2, typed.Length / 3) ? best.Name : null;
    }

    /// <summary>What to answer to a name that is not there.</summary>
    /// <param name="what">What it should have named.</param>
    /// <param name="typed">The name.</param>
    /// <param name="known">What there is.</param>
    /// <param name="wayOut">How there comes to be one.</param>
    public static string Unknown(string what, string typed, IEnumerable<string> known, string wayOut = "")
    {
        var names = known.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var shown = names.Count switch
        {
            0 => "none",
            > Shown => $"{string.Join(", ", names.Take(Shown))} and {names.Count - Shown} more",
            _ => string.Join(", ", names),
        };
        return $"There is no {what} '{typed}'{(Of(typed, names) is { } nearest ? $"; did you mean '{nearest}'?" : ".")} Known: {shown}. {wayOut}".TrimEnd();
    }

    /// <summary>Insertions, deletions and replacements between two words (Levenshtein).</summary>
    private static int Changes(string from, string to)
    {
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (from[i - 1] == to[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return row[to.Length];
    }
}
