using System.Diagnostics;

namespace Fairlead.AspNetCore.Tests;

/// <summary>The commands of docs/rest.md do what they say.</summary>
public sealed class DocumentTests
{
    [Fact]
    public async Task Every_command_of_the_document_is_answered_well()
    {
        await using var api = await Api.StartAsync();
        var commands = File.ReadLines(Document()).Where(line => line.StartsWith("$ ", StringComparison.Ordinal)).Select(line => line[2..]).ToList();
        commands.Count.ShouldBeGreaterThan(8);
        foreach (var command in commands)
        {
            var here = command.Replace("http://127.0.0.1:5080", api.Client.BaseAddress!.ToString().TrimEnd('/'), StringComparison.Ordinal).Replace("curl ", "curl -sS --fail-with-body ", StringComparison.Ordinal);
            using var program = Process.Start(new ProcessStartInfo("sh", ["-c", here]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var output = await program.StandardOutput.ReadToEndAsync() + await program.StandardError.ReadToEndAsync();
            await program.WaitForExitAsync();
            program.ExitCode.ShouldBe(0, $"{command}\n{output}");
        }
        (await api.GetAsync("jobs?batch=lines")).Json.GetProperty("jobs").GetArrayLength().ShouldBe(3);
    }

    private static string Document()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Fairlead.slnx")))
        {
            folder = folder.Parent;
        }
        return Path.Combine(folder.FullName, "docs", "rest.md");
    }
}
