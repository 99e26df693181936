using YamlDotNet.RepresentationModel;

namespace Fairlead.Packages.Tests;

/// <summary>What stands in samples is explained, listed, and can be read.</summary>
public sealed class SamplesTests
{
    public static TheoryData<string> Folders => [.. Directory.EnumerateDirectories(Repository.File("samples"))
        .Where(static folder => Directory.EnumerateFileSystemEntries(folder).Any(static entry => Path.GetFileName(entry) is not ("bin" or "obj")))
        .Select(static folder => Path.GetFileName(folder))];

    public static TheoryData<string> Compositions => [.. Directory.EnumerateFiles(Repository.File("samples"), "compose.yaml", SearchOption.AllDirectories)
        .Select(static path => Path.GetRelativePath(Repository.Root, path))];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Every_sample_has_a_README_and_is_listed(string folder)
    {
        File.Exists(Repository.File("samples", folder, "README.md")).ShouldBeTrue($"samples/{folder}/README.md");
        File.ReadAllText(Repository.File("samples", "README.md")).ShouldContain($"]({folder}/README.md)");
    }

    [Theory]
    [MemberData(nameof(Compositions))]
    public void Every_composition_is_YAML_that_builds_what_is_there(string path)
    {
        using var text = new StringReader(File.ReadAllText(Repository.File(path)));
        var yaml = new YamlStream();
        yaml.Load(text);
        var root = (YamlMappingNode)yaml.Documents.ShouldHaveSingleItem().RootNode;
        var services = ((YamlMappingNode)root["services"]).Children;
        services.ShouldNotBeEmpty();
        foreach (var (name, service) in services)
        {
            var program = Merged((YamlMappingNode)service);
            program.ShouldContainKey("command", $"{name}");
            var build = (YamlMappingNode)program["build"];
            var context = Path.Combine(Path.GetDirectoryName(Repository.File(path))!, $"{build["context"]}");
            File.Exists(Path.Combine(context, $"{build["dockerfile"]}")).ShouldBeTrue($"{build["dockerfile"]} of {name}");
        }
    }

    /// <summary>A service with what it takes from another by <c>&lt;&lt;</c>.</summary>
    private static Dictionary<string, YamlNode> Merged(YamlMappingNode node) => node.Children
        .SelectMany(static pair => $"{pair.Key}" == "<<" ? ((YamlMappingNode)pair.Value).Children.AsEnumerable() : [pair])
        .DistinctBy(static pair => $"{pair.Key}")
        .ToDictionary(static pair => $"{pair.Key}", static pair => pair.Value);
}
