using Fairlead.Storage;

namespace Fairlead.Diagnostics;

/// <summary>Adds up what was recorded about a job or batch.</summary>
public static class Explainer
{
    /// <summary>Explains a job, or all items of a batch; of a parent its children.</summary>
    /// <returns>Null when there is no such job.</returns>
    /// <param name="store">Where it was recorded.</param>
    /// <param name="id">The job or batch.</param>
    /// <param name="now">The end of what has not ended yet.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async ValueTask<Explanation?> ExplainAsync(IJobStore store, JobId id, DateTimeOffset now, CancellationToken cancellationToken = default)
    {
        var children = (await store.GetJobAsync(id, cancellationToken))?.Children;
        var jobs = await store.GetTimelinesAsync(children ?? id, cancellationToken);
        if (jobs.Count == 0)
        {
            return null;
        }
        var from = jobs.Min(job => job.EnqueuedAt);
        var to = jobs.Max(job => job.EndedAt ?? now);
        var blocks = new Dictionary<string, IReadOnlyList<BlockInterval>>(StringComparer.Ordinal);
        foreach (var queue in jobs.Select(job => job.Queue).Distinct(StringComparer.Ordinal))
        {
            blocks.Add(queue, await store.GetBlocksAsync(queue, from, to, cancellationToken));
        }
        return Explain(jobs, blocks, to, await LimitBound.FindAsync(store, jobs, cancellationToken));
    }

    /// <summary>The same from records in hand.</summary>
    /// <param name="jobs">The jobs; at least one.</param>
    /// <param name="blocks">What was recorded about their queues.</param>
    /// <param name="now">The end of what has not ended yet.</param>
    public static Explanation Explain(IReadOnlyList<JobTimeline> jobs, IReadOnlyDictionary<string, IReadOnlyList<BlockInterval>> blocks, DateTimeOffset now) =>
        Explain(jobs, blocks, now, LimitBound.None);

    private static Explanation Explain(IReadOnlyList<JobTimeline> jobs, IReadOnlyDictionary<string, IReadOnlyList<BlockInterval>> blocks, DateTimeOffset now, LimitBound limit)
    {
        var lines = jobs.Select(job => (job.Queue, job.Kind, job.Group)).Distinct()
            .ToDictionary(line => line, line => new BlockLine(line.Queue, blocks[line.Queue].Where(block => Concerns(block, line.Queue, line.Kind, line.Group)), now));
        var segments = jobs.SelectMany(job => TimelineCutter.Cut(job, lines[(job.Queue, job.Kind, job.Group)], now)).ToArray();
        var wall = (jobs.Max(job => job.EndedAt ?? now) - jobs.Min(job => job.EnqueuedAt)).TotalSeconds;
        var runs = jobs.SelectMany(job => SlotUse.Of(job, lines[(job.Queue, job.Kind, job.Group)], now)).ToArray();
        var slots = SlotUse.MostAtOnce(runs);
        var holders = SlotUse.Holders(runs);
        var (bound, binding) = Bound(runs, slots, limit);
        return new Explanation
        {
            WallSeconds = wall,
            JobSeconds = segments.Sum(segment => segment.Seconds),
            BoundSeconds = bound,
            Binding = binding,
            Slots = slots,
            EffectiveSlots = wall > 0 ? slots - (holders.Sum(holder => holder.Excess) / wall) : slots,
            Causes = Shares(segments, wall),
            Holders = [.. holders.Take(10).Select(holder => new SlotHolder(holder.Run.Job, holder.Run.Group, holder.Run.Seconds))],
            Advice = WhatWouldHelp.Find(runs, holders, slots),
        };
    }

    /// <summary>A queue without a node for one kind may well have nodes for others, and what blocks one group leaves the others alone.</summary>
    private static bool Concerns(BlockInterval block, string queue, JobKind kind, string? group) => block.Cause switch
    {
        WaitCause.NoNode => block.Key == kind.ToString(),
        WaitCause.Group => block.Key == group,
        WaitCause.Limit => !block.Key.Contains('/', StringComparison.Ordinal) || (group is not null && block.Key.EndsWith("/" + group, StringComparison.Ordinal)),
        WaitCause.Paused or WaitCause.Breaker => !block.Key.StartsWith(queue + "/", StringComparison.Ordinal) || block.Key == $"{queue}/{group}",
        _ => true,
    };

    /// <summary>No schedule ends sooner than the longest job, nor than all work spread evenly over the slots, nor than the scarcest limit gives its permits.</summary>
    private static (double Seconds, string Binding) Bound(SlotUse[] runs, int slots, LimitBound limit)
    {
        var spread = runs.Sum(run => run.Seconds) / slots;
        var longest = runs.Select(run => run.Seconds).DefaultIfEmpty().Max();
        var (seconds, binding) = longest > spread ? (longest, "longest_job") : (spread, "slots");
        return limit.Seconds > seconds ? (limit.Seconds, $"limit {limit.Name}") : (seconds, binding);
    }

    private static IReadOnlyList<CauseShare> Shares(TimeSegment[] segments, double wall)
    {
        var walls = WallTime.Split(segments);
        var total = segments.Sum(segment => segment.Seconds);
        return [.. segments
            .GroupBy(segment => (segment.Cause, segment.Key))
            .Select(cause => new CauseShare(
                cause.Key.Cause, cause.Key.Key,
                walls[cause.Key], wall > 0 ? walls[cause.Key] / wall : 0,
                cause.Sum(segment => segment.Seconds), total > 0 ? cause.Sum(segment => segment.Seconds) / total : 0))
            .OrderByDescending(share => share.JobSeconds).ThenBy(share => share.Cause).ThenBy(share => share.Key, StringComparer.Ordinal)];
    }
}
