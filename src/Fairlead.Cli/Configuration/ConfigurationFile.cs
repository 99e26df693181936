namespace Fairlead.Cli.Configuration;

/// <summary>Reads <c>fairlead.yaml</c>.</summary>
internal static class ConfigurationFile
{
    /// <summary>Where it is looked for.</summary>
    public const string DefaultName = "fairlead.yaml";

    private static readonly StoreType Store = new();

    /// <summary>Reads and checks a file.</summary>
    /// <param name="path">Where it is; relative paths in it count from its folder.</param>
    /// <param name="environment">The variables: for <c>${NAME}</c>, and <c>FAIRLEAD__…</c> for overrides.</param>
    /// <param name="readFile">Reads a file's text: this one, and those of <c>${file:…}</c>.</param>
    /// <exception cref="ConfigurationException">Something is wrong with it; says all that is.</exception>
    public static ServerConfiguration Read(string path, IReadOnlyDictionary<string, string> environment, Func<string, string> readFile)
    {
        var reading = new Reading(path, environment.GetValueOrDefault, readFile);
        var file = YamlNodes.OfFile(path, Text(reading), reading.Errors);
        // What follows a broken line is not known: nothing more can be said of the file.
        reading.Errors.ThrowIfAny(path);
        EnvironmentOverrides.Apply(file, environment, reading.Errors);
        ServerKeys.Section.TryRead(file, reading, out var configuration);
        reading.Errors.ThrowIfAny(path);
        return configuration;
    }

    /// <summary>Reads the store's address alone, whatever is wrong elsewhere; null when the file names none.</summary>
    /// <param name="path">Where the file is.</param>
    /// <param name="variable">A variable of the environment; null when it is not set.</param>
    /// <param name="readFile">Reads a file's text.</param>
    /// <exception cref="ConfigurationException">The store's address is wrong, or the file is broken before it.</exception>
    public static string? ReadStore(string path, Func<string, string?> variable, Func<string, string> readFile)
    {
        var reading = new Reading(path, variable, readFile);
        var node = EnvironmentOverrides.Store(variable) ?? YamlNodes.KeyOfFile(path, Text(reading), "store", reading.Errors);
        string? store = null;
        if (node is not null && Store.TryRead(node, reading, out var address))
        {
            store = address;
        }
        reading.Errors.ThrowIfAny(path);
        return store;
    }

    private static string Text(Reading reading)
    {
        try
        {
            return reading.ReadFile(reading.File);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConfigurationException(reading.File, [$"There is no {reading.File}. fairlead init writes one to begin with."]);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(reading.File, [$"{reading.File} cannot be read: {error.Message}"]);
        }
    }
}
