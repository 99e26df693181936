using Fairlead.Storage;

namespace Fairlead.Cli.Configuration;

/// <summary>What <c>fairlead.yaml</c> says, overrides and variables applied: everything <c>serve</c> and <c>worker</c> run by. Equal files are equal configurations.</summary>
internal sealed record ServerConfiguration
{
    /// <summary>The file it was read from.</summary>
    public required string File { get; init; }

    /// <summary>The store's address, a relative file already counted from the file's folder; null where the file names none. May hold a password: not for messages.</summary>
    public string? Store { get; init; }

    /// <summary>Where the API listens.</summary>
    public HttpConfiguration Http { get; init; } = new();

    /// <summary>How long ended jobs are kept.</summary>
    public RetentionConfiguration Retention { get; init; } = new();

    /// <summary>Who is told when something goes wrong; null for nobody.</summary>
    public AlertConfiguration? Alerts { get; init; }

    /// <summary>The limits the cluster shares, in the file's order.</summary>
    public IReadOnlyList<NamedLimit> Limits { get; init; } = [];

    /// <summary>The queues, in the file's order.</summary>
    public IReadOnlyList<QueueConfiguration> Queues { get; init; } = [];

    /// <summary>The schedules, in the file's order.</summary>
    public IReadOnlyList<ScheduleConfiguration> Schedules { get; init; } = [];

    /// <summary>The queue of that name; null when there is none.</summary>
    public QueueConfiguration? Queue(string name) => Queues.FirstOrDefault(queue => queue.Name == name);

    public bool Equals(ServerConfiguration? other) => other is not null
        && (File, Store, Http, Retention, Alerts) == (other.File, other.Store, other.Http, other.Retention, other.Alerts)
        && Limits.SequenceEqual(other.Limits) && Queues.SequenceEqual(other.Queues) && Schedules.SequenceEqual(other.Schedules);

    public override int GetHashCode() => HashCode.Combine(File, Limits.Count, Queues.Count, Schedules.Count);

    /// <summary>The file alone: the rest may hold secrets.</summary>
    public override string ToString() => File;
}
