using Fairlead.Diagnostics;

namespace Fairlead.Storage;

/// <summary>
/// What a transition becomes: the rules that stand above what the attempt asked for. Pure; every store gives the same answer.
/// </summary>
/// <param name="Status">Where the job goes; <see cref="JobStatus.Processing" /> when its children are to end it.</param>
/// <param name="DueAt">When it may run again; set if and only if <paramref name="Status" /> is <see cref="JobStatus.Scheduled" />.</param>
/// <param name="WaitsFor">What that wait is put down to.</param>
/// <param name="Error">What is kept for people to read.</param>
public readonly record struct Settlement(JobStatus Status, DateTimeOffset? DueAt, WaitCause WaitsFor, string? Error)
{
    /// <summary>
    /// Settles <paramref name="transition" /> at <paramref name="now" />. A job whose cancellation was asked for is not run again;
    /// one whose next attempt would begin at or after its <paramref name="deadline" /> is failed with that reason.
    /// </summary>
    /// <param name="transition">What the node asks for.</param>
    /// <param name="cancelRequested">Whether somebody asked to cancel the job while it ran.</param>
    /// <param name="now">The store's time.</param>
    /// <param name="deadline">The job's total deadline.</param>
    /// <param name="notBefore">The earliest time at which the retry budget allows the next attempt; ignored unless it is a retry.</param>
    public static Settlement Of(JobTransition transition, bool cancelRequested, DateTimeOffset now, DateTimeOffset deadline, DateTimeOffset? notBefore = null)
    {
        if (transition.To.IsEnded())
        {
            return new(transition.To, null, default, transition.Error);
        }
        if (cancelRequested)
        {
            return new(JobStatus.Cancelled, null, default, "Cancelled while it ran.");
        }
        if (transition.Children is not null)
        {
            return new(JobStatus.Processing, null, default, null);
        }
        var due = now + (transition.Delay > TimeSpan.Zero ? transition.Delay : TimeSpan.Zero);
        if (transition.CostsAttempt && notBefore > due)
        {
            due = notBefore.Value;
        }
        if (due >= deadline)
        {
            var last = transition.Error is null ? "" : $" Last: {transition.Error}";
            return new(JobStatus.Failed, null, default, $"Its deadline would pass before the next attempt.{last}");
        }
        return transition.To == JobStatus.Queued || due <= now
            ? new(JobStatus.Queued, null, default, transition.Error)
            : new(JobStatus.Scheduled, due, transition.WaitsFor, transition.Error);
    }
}
