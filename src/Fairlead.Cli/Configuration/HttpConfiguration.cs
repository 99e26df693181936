namespace Fairlead.Cli.Configuration;

/// <summary><c>http:</c></summary>
internal sealed record HttpConfiguration
{
    /// <summary>The address it listens on. On a loopback address no key is needed; any other one has <see cref="Keys" />.</summary>
    public Uri Url { get; init; } = new("http://127.0.0.1:5080");

    /// <summary>The file of the API's keys, as a full path; null for none.</summary>
    public string? Keys { get; init; }
}
