using Fairlead.Storage;

namespace Fairlead.Schedules;

/// <summary>Which of the rounds that a schedule takes for open have ended.</summary>
internal static class RoundEnds
{
    /// <summary>The schedule's state with the ends of its rounds, and what became of each, the oldest first; the same state when none has ended.</summary>
    public static async ValueTask<(ScheduleState State, IReadOnlyList<RoundEnd> Ends)> LookAsync(IJobStore store, ScheduleRecord record, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (state, ends) = (record.State, new List<RoundEnd>());
        foreach (var round in record.State.Open)
        {
            var job = await store.GetJobAsync(round.Job!.Value, cancellationToken);
            if (job is null || job.Status.IsEnded())
            {
                state = ScheduleRules.Ended(record.Definition, state, round, job?.EndedAt ?? now, job?.Status);
                ends.Add(new RoundEnd(round, job));
            }
        }
        return (state, ends);
    }
}

/// <summary>A round that has ended.</summary>
/// <param name="Round">The round as it was open.</param>
/// <param name="Job">Its job; null when it is forgotten already.</param>
internal sealed record RoundEnd(ScheduleRound Round, Job? Job);
