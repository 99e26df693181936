using Fairlead.Storage;

namespace Fairlead.Engine;

/// <summary>
/// The life of one attempt, as named steps: begin, work, decide, record. Runs where handlers run.
/// </summary>
internal sealed class AttemptRunner(NodeSettings settings, StoreClock clock, AttemptWatch watch, CompletionPump completions)
{
    /// <summary>Runs one attempt to its recorded end.</summary>
    /// <returns>False when the attempt was abandoned meanwhile: its slot has been given to another loop.</returns>
    public async ValueTask<bool> RunAsync(RunningAttempt running)
    {
        if (running.Worker.TakesTurns)
        {
            running.Attempt.Turn = () => Begin(running) && running.Reason == StopReason.None;
        }
        else if (running.Reason != StopReason.None || !Begin(running))
        {
            EndUnbegun(running, new WorkResult.Stopped());
            return true;
        }
        var result = await WorkAsync(running);
        if (!running.HasStarted)
        {
            EndUnbegun(running, result);
            return true;
        }
        if (!running.TryEnd())
        {
            completions.ReleaseAbandoned(running);
            return false;
        }
        completions.Add(running, Decide(running, result, running.TimesAtEnd(settings.Time)));
        return true;
    }

    private bool Begin(RunningAttempt running)
    {
        var attempt = running.Attempt;
        attempt.StartedAt = clock.Now;
        attempt.Timeout = TimeAllowed(attempt);
        if (!running.TryStart(settings.Time.GetTimestamp()))
        {
            return false;
        }
        watch.Started(running);
        return true;
    }

    /// <summary>It was told to stop while it waited for a slot (cancelled, or its node stops or has lost it), or its worker could not begin it.</summary>
    private void EndUnbegun(RunningAttempt running, WorkResult result)
    {
        if (running.TryTakeBack())
        {
            var now = clock.Now;
            completions.Add(running, Decide(running, result, new AttemptTimes(running.Key, now, now)));
        }
    }

    private async ValueTask<WorkResult> WorkAsync(RunningAttempt running)
    {
        try
        {
            return await running.Worker.RunAsync(running.Attempt, running.StopToken);
        }
#pragma warning disable CA1031 // a worker that breaks its promise must not take the slot with it
        catch (Exception error)
#pragma warning restore CA1031
        {
            return new WorkResult.Failed(error.ToString());
        }
    }

    private JobTransition Decide(RunningAttempt running, WorkResult result, AttemptTimes times) =>
        AttemptOutcomeRules.Decide(running, result, times, completions.Chance());

    private static TimeSpan TimeAllowed(Attempt attempt)
    {
        var own = attempt.TimeOfItsOwn ?? TimeSpan.MaxValue;
        var left = attempt.Job.Deadline - attempt.StartedAt;
        return own < left ? own : left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1);
    }
}
