namespace Fairlead.Cli.Configuration;

/// <summary>Reads <c>fairlead.yaml</c>.</summary>
internal static class ConfigurationFile
{
    /// <summary>Where it is looked for.</summary>
    public const string DefaultName = "fairlead.yaml";

    /// <summary>Reads and checks a file.</summary>
    /// <param name="path">Where it is; relative paths in it count from its folder.</param>
    /// <param name="environment">The variables: for <c>${NAME}</c>, and <c>FAIRLEAD__…</c> for overrides.</param>
    /// <param name="readFile">Reads a file's text: this one, and those of <c>${file:…}</c>.</param>
    /// <exception cref="ConfigurationException">Something is wrong with it; says all that is.</exception>
    public static ServerConfiguration Read(string path, IReadOnlyDictionary<string, string> environment, Func<string, string> readFile) =>
        throw new NotSupportedException($"{path} cannot be read yet with {environment.Count} variables and {readFile.Method.Name}.");
}
