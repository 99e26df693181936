namespace Fairlead.Packages.Tests;

/// <summary>What a user installs works: the library from its packages, the command as a tool.</summary>
public sealed class PackageTests(PackedPackages packed) : IClassFixture<PackedPackages>
{
    [Fact]
    public async Task The_readme_program_builds_and_runs_against_the_packages()
    {
        var folder = packed.NewFolder("app");
        await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), Readme.Snippet("csharp"), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "app.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Fairlead.Sqlite" Version="{packed.Version}" />
                <PackageReference Include="Microsoft.Extensions.Hosting" Version="10.0.0" />
              </ItemGroup>
            </Project>
            """, TestContext.Current.CancellationToken);

        var output = await Tool.RunAsync(folder, "dotnet", "run");

        output.ShouldContain("B0000 analyzed");
        output.ShouldContain("completed: 100 of 100");
    }

    [Fact]
    public async Task The_tool_installs_and_answers()
    {
        var folder = packed.NewFolder("tool");
        await Tool.RunAsync(folder, "dotnet", "tool", "install", "Fairlead.Cli", "--version", packed.Version, "--tool-path", folder);

        var version = await Tool.RunAsync(folder, Path.Combine(folder, "fairlead"), "--version");
        await Tool.RunAsync(folder, Path.Combine(folder, "fairlead"), "doctor");

        version.ShouldContain(packed.Version);
    }
}
