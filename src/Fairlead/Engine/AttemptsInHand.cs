using Fairlead.Storage;

namespace Fairlead.Engine;

/// <summary>What this node has claimed and not yet committed the end of. Used on the loops' scheduler only, so it needs no lock.</summary>
internal sealed class AttemptsInHand
{
    private readonly Dictionary<AttemptKey, RunningAttempt> _attempts = [];

    /// <summary>How many there are; a snapshot for other threads.</summary>
    public int Count => _attempts.Count;

    /// <summary>True while the only one is a job that must run alone.</summary>
    public bool RunsAlone => _attempts.Count == 1 && _attempts.Values.First().Attempt.Job.Solo;

    /// <summary>Their keys.</summary>
    public IReadOnlyCollection<AttemptKey> Keys => _attempts.Keys;

    /// <summary>All of them, as they are now.</summary>
    public RunningAttempt[] Snapshot() => [.. _attempts.Values];

    /// <summary>Those whose work has begun and whose end is not decided.</summary>
    public IEnumerable<RunningAttempt> Started() => _attempts.Values.Where(running => running.HasStarted && !running.IsOver);

    /// <summary>Takes one in hand.</summary>
    public void Add(RunningAttempt running) => _attempts.Add(running.Key, running);

    /// <summary>Its end is committed.</summary>
    public bool Remove(AttemptKey key) => _attempts.Remove(key);

    /// <summary>True while a process still works for an id that this node had before.</summary>
    public bool HoldsProcessesOfOthersThan(NodeId node) => _attempts.Values.Any(running => running.Node != node && running.Worker.EndsWork);

    /// <summary>Finds one.</summary>
    public RunningAttempt? Find(AttemptKey key) => _attempts.GetValueOrDefault(key);
}
