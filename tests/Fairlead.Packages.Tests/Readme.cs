namespace Fairlead.Packages.Tests;

/// <summary>Code as it stands in the README.</summary>
internal static class Readme
{
    /// <summary>The first fenced block of that language.</summary>
    public static string Snippet(string language)
    {
        var lines = File.ReadAllLines(Repository.File("README.md"));
        var start = Array.IndexOf(lines, "```" + language);
        start.ShouldBeGreaterThanOrEqualTo(0, $"README.md has no block of {language}");
        return string.Join('\n', lines[(start + 1)..].TakeWhile(line => line != "```"));
    }
}
