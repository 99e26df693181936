using System.Threading.RateLimiting;
using Fairlead.Engine;
using Fairlead.Storage;

namespace Fairlead.Processes.Pools;

/// <summary>One attempt inside a stream pool: first in the pool's line, then in a process's hands. Its members are read and written under the pool's lock.</summary>
internal sealed class StreamTurn(Attempt attempt, IAttemptLog log)
{
    // What follows an attempt's end is short and must not wait for a thread.
    private readonly TaskCompletionSource<WorkResult> _ended = new();
    private readonly List<NewJob> _enqueued = [];
    private readonly List<(string Limit, RateLimitLease Lease)> _leases = [];

    public Attempt Attempt => attempt;

    /// <summary>Its log, without secrets.</summary>
    public IAttemptLog Log => log;

    public JobId Job => attempt.Job.Key.Job;

    public Task<WorkResult> Ended => _ended.Task;

    /// <summary>When its turn came; 0 before.</summary>
    public long BeganAt { get; set; }

    /// <summary>When it must have ended, as its process was told.</summary>
    public DateTimeOffset Deadline { get; set; }

    /// <summary>When it was asked to stop; 0 while it was not.</summary>
    public long CancelledAt { get; set; }

    /// <summary>How many permits it waits for: its clock stands still meanwhile.</summary>
    public int Waits { get; set; }

    /// <summary>True while a process of this program says that it waits for permits of its own.</summary>
    public bool WaitsItself { get; set; }

    /// <summary>What it asked to be enqueued with its completion.</summary>
    public IReadOnlyList<NewJob> Enqueued => _enqueued;

    /// <summary>What is wrong with something it said: it fails for it in the end, whatever else it says.</summary>
    public string? Problem { get; set; }

    /// <summary>How many times the store is being told what becomes of its keys: its end waits for that.</summary>
    public int Settlements { get; set; }

    /// <summary>Why keys that it gave back are not; null when none is known.</summary>
    public string? Unsettled { get; set; }

    /// <summary>How it ended, while that waits for its keys.</summary>
    public WorkResult? Result { get; set; }

    public void Enqueue(NewJob job) => _enqueued.Add(job);

    public void Hold(string limit, RateLimitLease lease) => _leases.Add((limit, lease));

    /// <summary>Gives back what it holds of a limit; of all limits where none is named.</summary>
    public void Release(string? limit)
    {
        for (var i = _leases.Count - 1; i >= 0; i--)
        {
            if (limit is null || _leases[i].Limit == limit)
            {
                _leases[i].Lease.Dispose();
                _leases.RemoveAt(i);
            }
        }
    }

    /// <summary>Its end is known. Never under the lock: what waits for it goes on here.</summary>
    public void End(WorkResult result) => _ended.TrySetResult(result);
}
