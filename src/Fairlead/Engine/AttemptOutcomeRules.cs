using Fairlead.Diagnostics;
using Fairlead.Policies;
using Fairlead.Storage;

namespace Fairlead.Engine;

/// <summary>Turns how the work ended into the transition the store is asked for: retries, deferrals, time-outs, stops.</summary>
internal static class AttemptOutcomeRules
{
    private static readonly TimeSpan DefaultDeferral = TimeSpan.FromSeconds(1);

    /// <summary>Decides one attempt's end.</summary>
    /// <param name="running">The attempt.</param>
    /// <param name="result">How its work ended.</param>
    /// <param name="times">When it ran.</param>
    /// <param name="chance">A number from 0 up to 1, for the back-off's jitter.</param>
    public static JobTransition Decide(RunningAttempt running, WorkResult result, AttemptTimes times, double chance)
    {
        var attempt = running.Attempt;
        return (result, running.Reason) switch
        {
            (WorkResult.Completed { Children: { } children } parent, _) => JobTransition.Branched(times, children, parent.Enqueue),
            (WorkResult.Completed done, _) => JobTransition.Completed(times, done.Result, done.Enqueue),
            (_, StopReason.Cancelled) => JobTransition.Cancelled(times),
            (WorkResult.TimedOut timeout, _) => RetryOrFail(attempt, times, AttemptOutcome.TimedOut, timeout.Error, chance),
            (_, StopReason.TimedOut) => TimedOut(attempt, times, chance, abandoned: false),
            (_, StopReason.NodeStops or StopReason.LeaseLost) => JobTransition.HandedBack(times),
            (WorkResult.NotBegun none, _) => JobTransition.HandedBack(times, none.Reason),
            (WorkResult.Deferred later, _) => JobTransition.Deferred(times, later.Reason, later.Delay ?? DefaultDeferral, WaitCause.Limit),
            (WorkResult.Lost lost, _) => RetryOrFail(attempt, times, AttemptOutcome.Lost, lost.Error, chance),
            (WorkResult.Failed { Retryable: false } final, _) => JobTransition.Failed(times, AttemptOutcome.Failed, final.Error) with { SparesBreaker = true },
            (WorkResult.Failed failed, _) => RetryOrFail(attempt, times, AttemptOutcome.Failed, failed.Error, chance),
            _ => RetryOrFail(attempt, times, AttemptOutcome.Failed, "It stopped although nobody asked it to.", chance),
        };
    }

    /// <summary>The end of an attempt that ran into its timeout.</summary>
    public static JobTransition TimedOut(Attempt attempt, AttemptTimes times, double chance, bool abandoned)
    {
        var error = $"Timed out after {attempt.Timeout.TotalSeconds:0.###} s." +
            (abandoned ? $" It ignored its cancellation for {attempt.Queue.KillAfter.TotalSeconds:0.###} s more and was abandoned: its code still runs, its slot is free." : "");
        return RetryOrFail(attempt, times, AttemptOutcome.TimedOut, error, chance, abandoned);
    }

    private static JobTransition RetryOrFail(Attempt attempt, AttemptTimes times, AttemptOutcome outcome, string error, double chance, bool abandoned = false)
    {
        var retries = attempt.Job.Retries ?? attempt.Queue.Retries;
        return attempt.Job.Attempt <= retries
            ? JobTransition.Retried(times, outcome, error, RetryPolicy.Of(attempt.Queue).Delay(attempt.Job.Attempt, chance), abandoned)
            : JobTransition.Failed(times, outcome, error, abandoned);
    }
}
