namespace Fairlead.Packages.Tests;

/// <summary>All packages, packed once as a release would be, in a folder of their own.</summary>
public sealed class PackedPackages : IAsyncLifetime
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("fairlead-packages-").FullName;

    /// <summary>A version of its own for each run, so that no earlier run's package is found in a cache.</summary>
    public string Version { get; } = $"0.0.1-test{TimeProvider.System.GetUtcNow():yyyyMMddHHmmss}";

    public string Feed => Path.Combine(Folder, "feed");

    public async ValueTask InitializeAsync()
    {
        foreach (var project in (string[])["Fairlead", "Fairlead.Sqlite", "Fairlead.PostgreSql", "Fairlead.Http", "Fairlead.AspNetCore", "Fairlead.Testing", "Fairlead.Cli"])
        {
            await Tool.RunAsync(Repository.Root, "dotnet", "pack", $"src/{project}", "-c", "Release", "-o", Feed, $"-p:Version={Version}", "-p:ArtifactsPath=" + Path.Combine(Folder, "artifacts"), "--nologo", "-v", "quiet");
        }
    }

    /// <summary>A folder whose restores see the packed packages beside the machine's own sources.</summary>
    public string NewFolder(string name)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Folder, name)).FullName;
        File.WriteAllText(Path.Combine(folder, "nuget.config"), $"""
            <configuration>
              <packageSources><add key="packed" value="{Feed}" /></packageSources>
            </configuration>
            """);
        return folder;
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
