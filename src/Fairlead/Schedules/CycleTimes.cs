namespace Fairlead.Schedules;

/// <summary>How long the jobs of a cycle's targets took, and what follows from it: no order of theirs could have been quicker than <see cref="Bound" />.</summary>
internal sealed class CycleTimes(CycleDefinition cycle, IReadOnlyDictionary<string, int?> maxConcurrent)
{
    private readonly Dictionary<string, CycleTime> _slowestWorkers = new(StringComparer.Ordinal);
    private readonly List<CycleTime> _targets = [];
    private readonly Dictionary<string, double> _queues = new(StringComparer.Ordinal);

    /// <summary>Adds a target.</summary>
    /// <param name="target">Its key.</param>
    /// <param name="jobs">Its jobs that have started, each with its queue.</param>
    public void Add(string target, IReadOnlyList<CycleTime> jobs)
    {
        if (jobs.Count == 0)
        {
            return;
        }
        var longest = jobs.MaxBy(static job => job.Seconds);
        _slowestWorkers[target] = longest;
        _targets.Add(new CycleTime(target, cycle.Sequential ? jobs.Sum(static job => job.Seconds) : longest.Seconds));
        foreach (var job in jobs)
        {
            _queues[job.Key] = _queues.GetValueOrDefault(job.Key) + job.Seconds;
        }
    }

    /// <summary>The longest job of a target; null when none has started.</summary>
    public CycleTime? SlowestWorkerOf(string target) => _slowestWorkers.TryGetValue(target, out var slowest) ? slowest : null;

    /// <summary>The least time that the cycle could have taken; null while nothing has started.</summary>
    public CycleBound? Bound => _targets.Count == 0 ? null : Terms().MaxBy(static term => term.Seconds);

    private IEnumerable<CycleBound> Terms()
    {
        var longest = _targets.MaxBy(static target => target.Seconds);
        yield return new(longest.Seconds, CycleBoundTerm.Target, longest.Key);
        if ((cycle.Sequential ? 1 : cycle.MaxGroups) is { } atOnce)
        {
            yield return new(_targets.Sum(static target => target.Seconds) / atOnce, CycleBoundTerm.MaxGroups, null);
        }
        foreach (var (queue, seconds) in _queues)
        {
            if (maxConcurrent.GetValueOrDefault(queue) is { } most)
            {
                yield return new(seconds / most, CycleBoundTerm.Queue, queue);
            }
        }
    }
}
