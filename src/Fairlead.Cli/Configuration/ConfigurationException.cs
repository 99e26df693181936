namespace Fairlead.Cli.Configuration;

/// <summary>Everything that is wrong with a configuration, at once, each with its place: <c>fairlead.yaml:12:5: …</c>.</summary>
internal sealed class ConfigurationException(string file, IReadOnlyList<string> errors) : CommandFailure(Text(file, errors))
{
    public IReadOnlyList<string> Errors { get; } = errors;

    private static string Text(string file, IReadOnlyList<string> errors) => errors.Count == 1
        ? errors[0]
        : $"{file} has {errors.Count} errors:{Environment.NewLine}{string.Join(Environment.NewLine, errors)}";
}
