namespace Fairlead.Cli.Configuration;

/// <summary><c>for_each:</c> where a cycle's targets come from: a file, a program, or an address; one of the three.</summary>
internal sealed record TargetConfiguration
{
    /// <summary>The file as it is named; null for others.</summary>
    public string? File { get; init; }

    /// <summary>The file in full.</summary>
    public string? Path { get; init; }

    /// <summary>The program and its arguments; empty for others.</summary>
    public IReadOnlyList<string> Run { get; init; } = [];

    /// <summary>Where the program runs: the configuration's folder, as a full path.</summary>
    public string? Directory { get; init; }

    /// <summary>The address; null for others. Often holds a token: not for messages.</summary>
    public Uri? Url { get; init; }

    /// <summary>For people: <c>file accounts.jsonl</c>, without what may be secret.</summary>
    public string Name => File is not null ? $"file {File}" : Url is not null ? $"url {Url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)}" : $"program {Run.FirstOrDefault()}";

    public bool Equals(TargetConfiguration? other) => other is not null
        && (File, Path, Directory, Url) == (other.File, other.Path, other.Directory, other.Url) && Run.SequenceEqual(other.Run);

    public override int GetHashCode() => HashCode.Combine(Path, Url, Run.Count);

    /// <summary>Without what may be secret.</summary>
    public override string ToString() => Name;
}
