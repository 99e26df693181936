namespace Fairlead.Cli.Configuration;

/// <summary>What the reader of one configuration has at hand: what was wrong so far, the variables, and the folder that relative paths count from.</summary>
internal sealed class Reading(string file, Func<string, string?> variable, Func<string, string> readFile)
{
    /// <summary>The file that is read.</summary>
    public string File { get; } = file;

    public ConfigurationErrors Errors { get; } = new();

    /// <summary>The file's folder; empty for the current one.</summary>
    public string Folder { get; } = Path.GetDirectoryName(file) ?? "/";

    /// <summary>A path that counts from the file's folder, in full.</summary>
    public string FullPath(string path) => Path.GetFullPath(Path.Combine(Folder, path));

    /// <summary>A variable of the environment; null when it is not set.</summary>
    public string? Variable(string name) => variable(name);

    /// <summary>The text of a file.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public string ReadFile(string path) => readFile(path);
}
