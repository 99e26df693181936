namespace Fairlead.Cli.Runs;

/// <summary>Says before anything is enqueued that a program cannot be run, rather than once for every item.</summary>
internal static class ProgramFile
{
    /// <exception cref="CommandFailure">There is no such program, or it may not be executed.</exception>
    public static void Check(string program, string directory)
    {
        if (program.Contains('/', StringComparison.Ordinal))
        {
            CheckFile(program, Path.Combine(directory, program));
        }
        else if (!Folders().Any(folder => IsExecutable(Path.Combine(folder, program))))
        {
            throw new CommandFailure($"The program '{program}' is in none of the folders of PATH. Nothing was started. Check its name, or give its path.");
        }
    }

    private static void CheckFile(string program, string path)
    {
        if (!File.Exists(path))
        {
            throw new CommandFailure($"There is no program '{program}' (looked for {path}). Nothing was started.");
        }
        if (!IsExecutable(path))
        {
            throw new CommandFailure($"'{program}' is not executable. Nothing was started. Make it so with: chmod +x {path}");
        }
    }

    private static IEnumerable<string> Folders() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);

    private static bool IsExecutable(string path) => File.Exists(path)
        && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);
}
