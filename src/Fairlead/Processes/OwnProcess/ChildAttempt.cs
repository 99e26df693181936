using Fairlead.Engine;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Processes.OwnProcess;

/// <summary>An attempt in the hands of a process of its own: what it says goes to the host.</summary>
internal sealed class ChildAttempt : BoundedLog
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ChildLines _lines;

    /// <summary>Takes a job in hand.</summary>
    /// <param name="job">The job.</param>
    /// <param name="queue">Its queue's policies.</param>
    /// <param name="lines">Where it speaks.</param>
    public ChildAttempt(ClaimedJob job, QueueDefinition queue, ChildLines lines)
    {
        _lines = lines;
        Attempt = new Attempt { Job = job, Queue = queue, Log = this, ProgressMade = TellProgress, Waiting = waits => lines.Waiting(job.Key.Job, waits) };
    }

    /// <summary>What handlers run for.</summary>
    public Attempt Attempt { get; }

    /// <summary>Its job.</summary>
    public JobId Id => Attempt.Job.Key.Job;

    /// <summary>Asks its handler to stop.</summary>
    public CancellationToken Stopping => _stop.Token;

    /// <summary>Why it is to stop; null while it is not.</summary>
    public string? StopReason { get; private set; }

    /// <summary>Asks it to stop. What handlers have hung on their token runs where handlers run: it cannot hold up the caller.</summary>
    public void Stop(string reason)
    {
        StopReason ??= reason;
        _ = Task.Factory.StartNew(_stop.Cancel, CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
    }

    /// <summary>Tells the host how it ended.</summary>
    public void Answer(WorkResult result)
    {
        switch (result)
        {
            case WorkResult.Completed done when done.Result.Length > Attempt.Queue.MaxPayload:
                _lines.Failed(Id, $"Its result has {done.Result.Length:N0} bytes; queue '{Attempt.Queue.Name}' takes at most {Attempt.Queue.MaxPayload:N0}. Store it elsewhere and return its address, or raise max_payload.", retry: false);
                break;
            case WorkResult.Completed done:
                _lines.Done(Id, done);
                break;
            case WorkResult.Deferred later:
                _lines.Defer(Id, later.Delay, later.Reason);
                break;
            case WorkResult.Failed failed:
                _lines.Failed(Id, failed.Error, failed.Retryable);
                break;
            default:
                _lines.Failed(Id, StopReason ?? "It stopped although nobody asked it to.", retry: true);
                break;
        }
    }

    /// <inheritdoc />
    protected override void Keep(LogLevel level, string message) => _lines.Log(Id, level, message);

    private void TellProgress()
    {
        if (Attempt.TryTakeProgress(out var progress))
        {
            _lines.Progress(Id, progress);
        }
    }
}
