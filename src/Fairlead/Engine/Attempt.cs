using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>One run of a job on this node, from claim to committed end.</summary>
public sealed class Attempt
{
    /// <summary>What the store gave.</summary>
    public required ClaimedJob Job { get; init; }

    /// <summary>The policies of its queue.</summary>
    public required QueueDefinition Queue { get; init; }

    /// <summary>Where its output goes.</summary>
    public required IAttemptLog Log { get; init; }

    /// <summary>How long it may take: the job's own, the queue's, or the time left to its deadline, whichever ends first.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>When it began to run, by the store's clock as this node knows it.</summary>
    public required DateTimeOffset StartedAt { get; init; }
}

/// <summary>The log of one job, as its attempt writes it.</summary>
public interface IAttemptLog
{
    /// <summary>Appends one line; never blocks, never throws; bounded, so that the oldest text of a chatty job may be cut (and says so).</summary>
    void Write(LogLevel level, string message);
}
