namespace Fairlead;

/// <summary>Runs jobs of one kind. Made anew for each attempt, in a service scope of its own.</summary>
/// <typeparam name="TJob">The payload.</typeparam>
public interface IJobHandler<in TJob>
{
    /// <summary>
    /// Runs one attempt. Returning completes the job; <see cref="JobDeferredException" /> has it come later at no cost,
    /// <see cref="JobFailedException" /> fails it for good, anything else thrown fails the attempt, and the queue's retries follow.
    /// </summary>
    Task HandleAsync(TJob job, JobContext context, CancellationToken cancellationToken);
}

/// <summary>Runs jobs of one kind and leaves a result that is kept with the job.</summary>
/// <typeparam name="TJob">The payload.</typeparam>
/// <typeparam name="TResult">The result, kept as JSON.</typeparam>
public interface IJobHandler<in TJob, TResult>
{
    /// <inheritdoc cref="IJobHandler{TJob}.HandleAsync" />
    Task<TResult> HandleAsync(TJob job, JobContext context, CancellationToken cancellationToken);
}

/// <summary>Stands around every attempt of this process, outermost first in the order of registration.</summary>
public interface IJobMiddleware
{
    /// <summary>Does what it does around <paramref name="next" />, which it calls once (or not at all, by throwing).</summary>
    Task InvokeAsync(JobContext context, Func<Task> next, CancellationToken cancellationToken);
}

/// <summary>The work was told to come later: the attempt costs nothing, and the job waits.</summary>
/// <param name="delay">How much later.</param>
/// <param name="reason">By what, for people.</param>
public sealed class JobDeferredException(TimeSpan delay, string? reason = null) : Exception(reason ?? $"Deferred by {delay}.")
{
    /// <summary>How much later.</summary>
    public TimeSpan Delay { get; } = delay;
}

/// <summary>The job cannot succeed, however often it is tried.</summary>
public sealed class JobFailedException(string message, Exception? inner = null) : Exception(message, inner);
