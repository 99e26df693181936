namespace Fairlead.Engine;

/// <summary>Where an attempt's work is done: in this process, or in one of its own.</summary>
public interface IWorker
{
    /// <summary>
    /// True when the worker itself ends an attempt at its timeout, whatever the work does (processes); false when it can only ask
    /// (handlers in this process), so that the engine has to abandon what does not listen.
    /// </summary>
    bool EndsWork { get; }

    /// <summary>
    /// How many attempts it can hold now, those that it holds included; null where only the node's slots bound it. No more are claimed for it.
    /// </summary>
    int? Capacity => null;

    /// <summary>True when attempts may wait inside the worker for their turn: it calls <see cref="Attempt.Begin" /> when it comes, and an attempt's time counts from there.</summary>
    bool TakesTurns => false;

    /// <summary>Runs one attempt to its end and says how it ended. Never throws for what the work did.</summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="cancellationToken">Asks the work to stop: cancelled, timed out, or its node stops.</param>
    Task<WorkResult> RunAsync(Attempt attempt, CancellationToken cancellationToken);
}

/// <summary>How the work of one attempt ended, before the rules about retries, deadlines and cancellation have their say.</summary>
public abstract record WorkResult
{
    private WorkResult() { }

    /// <summary>It succeeded.</summary>
    /// <param name="Result">Its result, UTF-8 JSON; empty for none.</param>
    public sealed record Completed(ReadOnlyMemory<byte> Result) : WorkResult
    {
        /// <summary>What it enqueued: appears with the completion, in the same transaction.</summary>
        public IReadOnlyList<Storage.NewJob> Enqueue { get; init; } = [];

        /// <summary>Its children: the job does not end now but when they have ended, and its result is theirs (<see cref="Storage.JobTransition.Branched" />).</summary>
        public Storage.NewBatch? Children { get; init; }
    }

    /// <summary>It failed.</summary>
    /// <param name="Error">What went wrong, for people.</param>
    /// <param name="Retryable">False when another attempt cannot help.</param>
    public sealed record Failed(string Error, bool Retryable = true) : WorkResult;

    /// <summary>It was told to come later.</summary>
    /// <param name="Delay">How much later; null lets the engine choose.</param>
    /// <param name="Reason">By what, for people; may be null.</param>
    public sealed record Deferred(TimeSpan? Delay, string? Reason) : WorkResult;

    /// <summary>It could not be begun, through no fault of its own: given back at once, at no cost.</summary>
    /// <param name="Reason">Why, for people.</param>
    public sealed record NotBegun(string Reason) : WorkResult;

    /// <summary>It ran into its timeout and was ended.</summary>
    /// <param name="Error">What happened, for people.</param>
    public sealed record TimedOut(string Error) : WorkResult;

    /// <summary>It was asked to stop, and did.</summary>
    public sealed record Stopped : WorkResult;

    /// <summary>Its process died without an answer; this costs an attempt.</summary>
    /// <param name="Error">What is known, for people.</param>
    public sealed record Lost(string Error) : WorkResult;
}
