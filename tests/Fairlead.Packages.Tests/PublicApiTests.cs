using System.Reflection;

namespace Fairlead.Packages.Tests;

/// <summary>The public surface of each package is a text file under review: a change of it shows in a diff.</summary>
public sealed class PublicApiTests
{
    [Theory]
    [InlineData("Fairlead")]
    [InlineData("Fairlead.Sqlite")]
    [InlineData("Fairlead.PostgreSql")]
    [InlineData("Fairlead.Http")]
    [InlineData("Fairlead.AspNetCore")]
    [InlineData("Fairlead.Testing")]
    public void The_public_surface_is_the_reviewed_one(string package)
    {
        var reviewed = Repository.File("tests", "Fairlead.Packages.Tests", "PublicApi", package + ".txt");
        var actual = PublicSurface.Write(Assembly.Load(package));
        if (Environment.GetEnvironmentVariable("FAIRLEAD_ACCEPT_API") == "1")
        {
            File.WriteAllText(reviewed, actual);
        }
        var expected = File.Exists(reviewed) ? File.ReadAllText(reviewed) : "";
        Difference(expected, actual).ShouldBeEmpty(
            $"The public surface of {package} has changed. If that is meant, run the tests once with FAIRLEAD_ACCEPT_API=1 and review the diff of {package}.txt.");
    }

    private static IEnumerable<string> Difference(string expected, string actual)
    {
        var before = expected.Split('\n');
        var after = actual.Split('\n');
        return before.Except(after).Select(line => "- " + line).Concat(after.Except(before).Select(line => "+ " + line));
    }
}
