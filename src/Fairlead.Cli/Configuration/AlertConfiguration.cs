namespace Fairlead.Cli.Configuration;

/// <summary><c>alerts:</c> a URL that is posted to, or a program that is run; one of the two.</summary>
internal sealed record AlertConfiguration
{
    /// <summary>Where alerts are posted; null where a program is run. Often holds a token: not for messages.</summary>
    public Uri? Url { get; init; }

    /// <summary>The program and its arguments; empty where a URL is posted to.</summary>
    public IReadOnlyList<string> Run { get; init; } = [];

    /// <summary>Where the program runs: the file's folder, as a full path.</summary>
    public string? Directory { get; init; }

    /// <summary>What is told; everything where the file does not say.</summary>
    public AlertKinds On { get; init; } = AlertKinds.All;

    public bool Equals(AlertConfiguration? other) => other is not null
        && (Url, Directory, On) == (other.Url, other.Directory, other.On) && Run.SequenceEqual(other.Run);

    public override int GetHashCode() => HashCode.Combine(Url, On, Run.Count);

    /// <summary>What is told, not to whom: the URL may hold a token.</summary>
    public override string ToString() => $"on {On}";
}

/// <summary>What can go wrong in a way that somebody is told.</summary>
[Flags]
internal enum AlertKinds
{
    None = 0,

    /// <summary>An attempt runs longer than its queue's <c>slow_after</c>.</summary>
    Slow = 1,

    /// <summary>A job waits although nothing holds it back.</summary>
    Starved = 2,

    /// <summary>A pool's processes end again and again without work done, or do not start.</summary>
    Crashing = 4,

    /// <summary>A breaker has opened.</summary>
    Quarantined = 8,

    /// <summary>A node has died with work in hand.</summary>
    DeadNode = 16,

    /// <summary>A batch has ended with failed items.</summary>
    FailedBatch = 32,

    All = Slow | Starved | Crashing | Quarantined | DeadNode | FailedBatch,
}
