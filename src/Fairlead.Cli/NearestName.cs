namespace Fairlead.Cli;

/// <summary>Finds what somebody meant who mistyped a name.</summary>
internal static class NearestName
{
    /// <summary>The candidate with the fewest changes from <paramref name="typed" />, if they are few enough to be a slip.</summary>
    public static string? Of(string typed, IEnumerable<string> candidates)
    {
        var best = candidates.Select(candidate => (Name: candidate, Changes: Changes(typed, candidate))).OrderBy(pair => pair.Changes).FirstOrDefault();
        return best.Name is not null && best.Changes <= Math.Max(2, typed.Length / 3) ? best.Name : null;
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
