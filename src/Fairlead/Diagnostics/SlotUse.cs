using Fairlead.Storage;

namespace Fairlead.Diagnostics;

/// <summary>One attempt as a user of a slot.</summary>
/// <param name="Job">Its job.</param>
/// <param name="Group">Its group, or its queue when it has none.</param>
/// <param name="From">When it began.</param>
/// <param name="To">When it ended.</param>
/// <param name="TimedOut">Whether it ran into its timeout.</param>
/// <param name="Free">When it would have begun, had there always been a slot: whatever else it waited for still holds it back.</param>
internal readonly record struct SlotUse(JobId Job, string Group, DateTimeOffset From, DateTimeOffset To, bool TimedOut, DateTimeOffset Free)
{
    private const int FewestForPercentile = 20;

    public double Seconds => (To - From).TotalSeconds;

    /// <summary>The attempts of a job.</summary>
    public static IEnumerable<SlotUse> Of(JobTimeline job, BlockLine blocks, DateTimeOffset now)
    {
        var last = job.EnqueuedAt;
        foreach (var attempt in job.Attempts)
        {
            var parked = job.Waits.Where(wait => wait.Cause == WaitCause.Slot && wait.From >= last && wait.To <= attempt.StartedAt).Sum(wait => (wait.To!.Value - wait.From).TotalSeconds);
            var waited = blocks.Cut(attempt.ReadyAt, attempt.StartedAt).Where(part => part.Cause == WaitCause.Slot).Sum(part => part.Seconds);
            last = attempt.EndedAt ?? now;
            yield return new(job.Job, job.Group ?? job.Queue, attempt.StartedAt, last, attempt.Outcome == AttemptOutcome.TimedOut, attempt.StartedAt.AddSeconds(-parked - waited));
        }
    }

    /// <summary>The most attempts that ran at once; at least 1.</summary>
    public static int MostAtOnce(SlotUse[] runs)
    {
        var (most, now) = (1, 0);
        // An attempt that begins in the tick in which another ends took over its slot: ends come first.
        foreach (var (_, step) in runs.SelectMany(run => new[] { (run.From, 1), (run.To, -1) }).OrderBy(change => change.Item1).ThenBy(change => change.Item2))
        {
            now += step;
            most = Math.Max(most, now);
        }
        return most;
    }

    /// <summary>
    /// Attempts that timed out, or ran longer than their group's 95th percentile and at least twice its median (in a group of equals the
    /// slowest twentieth is nobody's fault); the longest first, each with the seconds beyond what was usual. In a group of fewer than twenty
    /// the longest attempt is its own 95th percentile: what is usual there is the longest of those within twice the median.
    /// </summary>
    public static IReadOnlyList<(SlotUse Run, double Excess)> Holders(SlotUse[] runs)
    {
        var holders = new List<(SlotUse Run, double Excess)>();
        foreach (var group in runs.GroupBy(run => run.Group, StringComparer.Ordinal))
        {
            var sorted = group.Where(run => !run.TimedOut).Select(run => run.Seconds).Order().ToArray();
            var median = sorted.Length == 0 ? 0 : sorted[(sorted.Length - 1) / 2];
            var usual = sorted.Length switch
            {
                0 => 0,
                < FewestForPercentile => sorted.Last(seconds => seconds <= 2 * median),
                _ => sorted[(int)Math.Ceiling(0.95 * sorted.Length) - 1],
            };
            holders.AddRange(group
                .Where(run => run.TimedOut || (run.Seconds > usual && run.Seconds > 2 * median))
                .Select(run => (run, run.TimedOut ? run.Seconds : run.Seconds - usual)));
        }
        return [.. holders.OrderByDescending(holder => holder.Run.Seconds)];
    }
}
