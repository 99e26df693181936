namespace Fairlead.Packages.Tests;

/// <summary>Code as it stands in the README and other documents.</summary>
internal static class Readme
{
    /// <summary>The first fenced block of that language.</summary>
    public static string Snippet(string language, string document = "README.md")
    {
        var lines = File.ReadAllLines(Repository.File(document));
        var start = Array.IndexOf(lines, "```" + language);
        start.ShouldBeGreaterThanOrEqualTo(0, $"{document} has no block of {language}");
        return string.Join('\n', lines[(start + 1)..].TakeWhile(line => line != "```"));
    }
}
