using System.Text.RegularExpressions;

namespace Fairlead.Packages.Tests;

/// <summary>What the documents name exists.</summary>
public sealed partial class DocsTests
{
    public static TheoryData<string> Documents => [.. Directory.EnumerateFiles(Repository.Root, "*.md")
        .Concat(Directory.EnumerateFiles(Repository.File("docs"), "*.md"))
        .Concat(Directory.EnumerateFiles(Repository.File("samples"), "*.md", SearchOption.AllDirectories))
        .Select(path => Path.GetRelativePath(Repository.Root, path))];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_link_to_a_file_leads_somewhere(string document)
    {
        var path = Repository.File(document);
        var broken = Link().Matches(File.ReadAllText(path))
            .Select(match => match.Groups[1].Value.Split('#')[0])
            .Where(target => target.Length > 0 && !target.Contains("://", StringComparison.Ordinal))
            .Where(target => !Path.Exists(Path.Combine(Path.GetDirectoryName(path)!, target)));

        broken.ShouldBeEmpty(document);
    }

    [Fact]
    public void Every_test_that_the_guarantees_name_exists()
    {
        var sources = string.Join('\n', Directory
            .EnumerateFiles(Repository.File("tests"), "*.cs", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Repository.File("src", "Fairlead.Testing"), "*.cs", SearchOption.AllDirectories))
            .Select(File.ReadAllText));

        var named = Code().Matches(File.ReadAllText(Repository.File("docs", "guarantees.md"))).Select(match => match.Groups[1].Value).ToList();

        named.ShouldNotBeEmpty();
        named.Where(name => !sources.Contains(name, StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    /// <summary>In the guarantees, a test is named as <c>test: `Name`</c>.</summary>
    [GeneratedRegex(@"test: `([^`]+)`")]
    private static partial Regex Code();
}
