using Fairlead.Engine;
using Fairlead.Storage;

namespace Fairlead;

/// <summary>What a running attempt knows of itself, and what it may do besides its work.</summary>
public sealed class JobContext
{
    private readonly Attempt _attempt;
    private readonly JobRegistry _registry;
    private readonly List<NewJob> _enqueued = [];

    internal JobContext(Attempt attempt, JobRegistry registry, IServiceProvider services)
    {
        _attempt = attempt;
        _registry = registry;
        Services = services;
    }

    /// <summary>The job's id.</summary>
    public JobId Id => _attempt.Job.Key.Job;

    /// <summary>Everything the store gave with the claim.</summary>
    public ClaimedJob Job => _attempt.Job;

    /// <summary>1 for the first attempt.</summary>
    public int Attempt => _attempt.Job.Attempt;

    /// <summary>Grows with every claim of this job: hand it to whatever keeps effects, so that a stale attempt's can be refused.</summary>
    public long Fence => _attempt.Job.Key.Fence;

    /// <summary>When the job must have ended, by the store's clock.</summary>
    public DateTimeOffset Deadline => _attempt.Job.Deadline;

    /// <summary>The service scope of this attempt.</summary>
    public IServiceProvider Services { get; }

    /// <summary>What this attempt has enqueued so far.</summary>
    internal IReadOnlyList<NewJob> Enqueued
    {
        get
        {
            lock (_enqueued)
            {
                return [.. _enqueued];
            }
        }
    }

    /// <summary>Enqueues a job that appears if and only if this attempt completes, in the same transaction.</summary>
    /// <exception cref="InvalidOperationException">The payload's type is not registered.</exception>
    public void Enqueue<T>(T job, JobOptions? options = null)
        where T : notnull
    {
        var made = _registry.NewJob(job, options) with { Parent = Id };
        lock (_enqueued)
        {
            _enqueued.Add(made);
        }
    }

    /// <summary>Reports how far this attempt has come; kept with the next commit and shown live. Never blocks.</summary>
    /// <param name="processed">Done so far.</param>
    /// <param name="total">Of how many.</param>
    public void ReportProgress(long processed, long total) => _attempt.Progress = new(processed, total);
}
