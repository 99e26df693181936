using Fairlead.Diagnostics;

namespace Fairlead.Testing.Simulation;

// What limits and groups allow, at every instant.
internal sealed partial class Auditor
{
    private readonly Dictionary<string, Queue<DateTimeOffset>> _granted = new(StringComparer.Ordinal);

    /// <summary>A job has been claimed: neither its group nor any limit has more than it may.</summary>
    private void HoldFlow(ShadowJob job)
    {
        var definition = ClusterQueues.Named(job.Queue);
        QueueNamed(job.Queue).LastFull = definition.Limits.Count > 0 ? Now : QueueNamed(job.Queue).LastFull;
        if (definition.GroupConcurrency is { } most && job.Spec!.Group is { } group)
        {
            var inFlight = _inOrder.Where(other => other.Queue == job.Queue && other.Spec?.Group == group).Sum(InFlight);
            Require(inFlight <= most, $"{inFlight} attempts of group '{group}' are in flight, its group_concurrency is {most}", job);
        }
        foreach (var use in definition.Limits)
        {
            HoldLimit(ClusterQueues.Limits.First(limit => limit.Name == use.Name).Limit, use, job);
        }
    }

    private void HoldLimit(Limit limit, LimitUse use, ShadowJob job)
    {
        if (limit.AtOnce is { } most)
        {
            var held = _inOrder.Where(other => ClusterQueues.Named(other.Queue).Limits.Any(used => used.Name == use.Name)).Sum(InFlight);
            Require(held <= most, $"{held} attempts hold '{use.Name}' at once, it allows {most}", job);
            return;
        }
        if (!_granted.TryGetValue(use.Name, out var granted))
        {
            _granted.Add(use.Name, granted = new());
        }
        var rate = limit.Rate!.Value;
        granted.Enqueue(Now);
        while (granted.Peek() <= Now - rate.Per)
        {
            granted.Dequeue();
        }
        Require(granted.Count <= rate.Permits, $"{granted.Count} permits of '{use.Name}' were given within {rate.Per}, it allows {rate.Permits}", job);
    }

    /// <summary>An abandoned attempt keeps its group's place and its permits until its code ends.</summary>
    private static int InFlight(ShadowJob job) => (job.Status == JobStatus.Processing && job.AsBatch is null ? 1 : 0) + job.Abandoned.Count;

    /// <summary>
    /// Where a limit, a breaker or its group says that a ready job may not run, its queue counts as full until the next look: it may be held
    /// back until just then.
    /// </summary>
    private void NoteHeldBack()
    {
        foreach (var job in _inOrder)
        {
            if (job.AsBatch is null && job.Waits && ClusterQueues.Named(job.Queue).Limits.Count > 0
                && Read(job.Id)?.Reason?.Cause is WaitCause.Limit or WaitCause.Breaker or WaitCause.Group)
            {
                QueueNamed(job.Queue).LastFull = Now + Soon;
            }
        }
    }
}
