namespace Fairlead.Engine;

/// <summary>What an alert is about.</summary>
internal enum AlertKind
{
    /// <summary>An attempt runs longer than its queue's <c>slow_after</c>.</summary>
    Slow = 0,

    /// <summary>Work waits for slots, and none has come free for long.</summary>
    Starved = 1,

    /// <summary>A pool's processes die again and again before they have done anything.</summary>
    Crashing = 2,

    /// <summary>A group or limit is quarantined by its breaker.</summary>
    Quarantined = 3,

    /// <summary>A node died.</summary>
    DeadNode = 4,

    /// <summary>A batch ended with failed items.</summary>
    FailedBatch = 5,
}

/// <summary>Something that people should know.</summary>
/// <param name="Kind">What kind of thing.</param>
/// <param name="Key">What it is about: a queue, a job, a node. The same thing is not told again and again.</param>
/// <param name="Message">A sentence for people.</param>
internal sealed record Alert(AlertKind Kind, string Key, string Message);

/// <summary>Takes alerts; never blocks, never throws.</summary>
internal interface IAlerts
{
    /// <summary>Whether somebody wants to be told of such things: what is not wanted need not be looked for.</summary>
    bool Wants(AlertKind kind);

    /// <summary>Something happened that people should know; what is not wanted is passed over.</summary>
    void Raise(Alert alert);
}
