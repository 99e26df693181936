using System.Text.RegularExpressions;

namespace Fairlead.Packages.Tests;

/// <summary>What a user installs works: the library from its packages, the command as a tool.</summary>
public sealed class PackageTests(PackedPackages packed) : IClassFixture<PackedPackages>
{
    [Fact]
    public async Task The_readme_program_builds_and_runs_against_the_packages()
    {
        var output = await RunProgramAsync("app", Readme.Snippet("csharp"));

        output.ShouldContain("B0000 analyzed");
        output.ShouldContain("completed: 100 of 100");
    }

    [Fact]
    public async Task The_program_about_limits_builds_and_runs_against_the_packages() =>
        (await RunProgramAsync("limits", Readme.Snippet("csharp", "docs/limits.md"))).ShouldContain("B99 of small");

    [Fact]
    public async Task The_commands_about_limits_do_what_is_said()
    {
        var folder = packed.NewFolder("commands");
        await Tool.RunAsync(folder, "dotnet", "tool", "install", "Fairlead.Cli", "--version", packed.Version, "--tool-path", folder);
        var commands = Readme.Snippet("console", "docs/limits.md").Split('\n').Select(line => line.TrimStart('$', ' '));

        var output = await Tool.RunAsync(folder, "sh", "-ec", $"PATH=$PWD:$PATH\n{string.Join('\n', commands)}");

        output.ShouldContain("20/s");
        output.ShouldContain("api: 40/s (declared: 20/s)");
        output.ShouldContain("run:fetch\tshop.example");
        output.ShouldContain("run:fetch/shop.example: open for 5m");
    }

    [Fact]
    public async Task The_documents_handler_runs_in_a_process_of_its_own()
    {
        var output = await RunProgramAsync("pools", Readme.Snippet("csharp", "docs/pools.md"));

        var pids = Regex.Match(output, @"a\.pdf in process (\d+), not in (\d+)");
        pids.Success.ShouldBeTrue(output);
        pids.Groups[1].Value.ShouldNotBe(pids.Groups[2].Value);
    }

    private async Task<string> RunProgramAsync(string name, string program)
    {
        var folder = packed.NewFolder(name);
        await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), program, TestContext.Current.CancellationToken);
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

        return await Tool.RunAsync(folder, "dotnet", "run");
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
