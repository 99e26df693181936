using System.Diagnostics;

namespace Fairlead.Packages.Tests;

/// <summary>Runs a program to its end and gives what it wrote.</summary>
internal static class Tool
{
    public static async Task<string> RunAsync(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        // Each build here stands alone: no servers left behind, no settings of the test runner passed on.
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment.Remove("MSBUILD_EXE_PATH");
        start.Environment.Remove("MSBuildSDKsPath");
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        await process.WaitForExitAsync(limit.Token);
        var text = await output + await errors;
        process.ExitCode.ShouldBe(0, $"{program} {string.Join(' ', arguments)}:\n{text}");
        return text;
    }
}
