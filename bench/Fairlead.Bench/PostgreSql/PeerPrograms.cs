using System.Diagnostics;

namespace Fairlead.Bench.PostgreSql;

/// <summary>The programs in bench/peers, installed under artifacts/ with the package managers of their languages.</summary>
internal static class PeerPrograms
{
    private static readonly string s_root = FindRoot();

    private static string Sources => Path.Combine(s_root, "bench", "peers");

    private static string Installed => Path.Combine(s_root, "artifacts", "peers");

    /// <summary>Where a program for node is once it is installed.</summary>
    public static string Npm(string file) => Path.Combine(Installed, file);

    /// <summary>Where a program for .NET is once it is built.</summary>
    public static string Built(string name) => Path.Combine(s_root, "artifacts", "bin", name, "release", $"{name}-peer.dll");

    /// <summary>Copies the programs for node, and installs what they need unless exactly that is there.</summary>
    public static async Task InstallFromNpmAsync()
    {
        Directory.CreateDirectory(Installed);
        var needs = await File.ReadAllTextAsync(Path.Combine(Sources, "package.json"));
        var stamp = Path.Combine(Installed, "node_modules", ".installed");
        foreach (var file in Directory.GetFiles(Sources))
        {
            File.Copy(file, Path.Combine(Installed, Path.GetFileName(file)), overwrite: true);
        }
        if (!File.Exists(stamp) || await File.ReadAllTextAsync(stamp) != needs)
        {
            await RunAsync("npm", ["install", "--no-audit", "--no-fund", "--silent"], Installed);
            await File.WriteAllTextAsync(stamp, needs);
        }
    }

    /// <summary>Builds a program for .NET.</summary>
    public static Task BuildAsync(string name) => RunAsync("dotnet", ["build", "-c", "Release", "-v", "quiet", "--nologo"], Path.Combine(Sources, name));

    private static async Task RunAsync(string program, string[] arguments, string folder)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true })!;
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {said}");
        }
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!Directory.Exists(Path.Combine(folder, "bench", "peers")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("Expected to run inside the repository, which has bench/peers.");
        }
        return folder;
    }
}
