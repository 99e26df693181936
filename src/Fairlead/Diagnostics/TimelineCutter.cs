using Fairlead.Storage;

namespace Fairlead.Diagnostics;

/// <summary>Cuts a job's recorded life into stretches with one cause each, without gaps and without overlaps.</summary>
internal static class TimelineCutter
{
    /// <summary>The stretches from enqueue to end, or to <paramref name="now" />.</summary>
    public static IEnumerable<TimeSegment> Cut(JobTimeline job, BlockLine blocks, DateTimeOffset now)
    {
        var end = job.EndedAt ?? now;
        var at = job.EnqueuedAt;
        foreach (var part in Recorded(job, blocks, now).OrderBy(part => part.From))
        {
            var to = part.To < end ? part.To : end;
            if (to <= at)
            {
                continue;
            }
            if (part.From > at)
            {
                // Between an attempt's end and its commit nothing stands in the way: it is the engine's own time.
                yield return new TimeSegment(WaitCause.Start, job.Queue, at, part.From);
                at = part.From;
            }
            yield return part with { From = at, To = to };
            at = to;
        }
        if (at < end)
        {
            yield return new TimeSegment(WaitCause.Start, job.Queue, at, end);
        }
    }

    private static IEnumerable<TimeSegment> Recorded(JobTimeline job, BlockLine blocks, DateTimeOffset now)
    {
        foreach (var wait in job.Waits)
        {
            yield return new TimeSegment(wait.Cause, job.Queue, wait.From, wait.To ?? now);
        }
        foreach (var attempt in job.Attempts)
        {
            foreach (var part in blocks.Cut(attempt.ReadyAt, attempt.StartedAt))
            {
                yield return part;
            }
            yield return new TimeSegment(WaitCause.Run, job.Queue, attempt.StartedAt, attempt.EndedAt ?? now);
        }
        if (job.ReadyAt is { } ready)
        {
            foreach (var part in blocks.Cut(ready, now))
            {
                yield return part;
            }
        }
    }
}
