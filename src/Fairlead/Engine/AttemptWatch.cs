using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>
/// Watches what runs: says what is slow, asks what is over its time to stop, and takes the slot from what does not listen.
/// It sleeps until the next moment that matters, so watching costs nothing per job.
/// </summary>
internal sealed partial class AttemptWatch(NodeSettings settings, AttemptsInHand inHand, ILogger logger) : Loop(settings.Time, logger)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private readonly Wakeup _bell = new(settings.Time);
    private long _nextLook = long.MaxValue;

    /// <summary>Called, on the loops' scheduler, for an attempt that did not listen: it has to be recorded and its slot filled again.</summary>
    public Action<RunningAttempt>? Abandon { get; set; }

    /// <summary>An attempt has begun. Called from anywhere.</summary>
    public void Started(RunningAttempt running)
    {
        if (NextMoment(running, running.StartedTimestamp) < Volatile.Read(ref _nextLook))
        {
            _bell.Ring();
        }
    }

    /// <inheritdoc />
    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        var now = settings.Time.GetTimestamp();
        var next = now + Ticks(Longest);
        foreach (var running in inHand.Started())
        {
            Look(running, now);
            next = Math.Min(next, NextMoment(running, now));
        }
        Volatile.Write(ref _nextLook, next);
        await _bell.WaitAsync(settings.Time.GetElapsedTime(settings.Time.GetTimestamp(), next), stop);
        Volatile.Write(ref _nextLook, 0);
    }

    private void Look(RunningAttempt running, long now)
    {
        var attempt = running.Attempt;
        // Time spent waiting for permits is the limit's, not the work's.
        var ran = settings.Time.GetElapsedTime(running.StartedTimestamp + attempt.Waited(now), now);
        if (!running.ReportedSlow && ran >= (attempt.Queue.SlowAfter ?? TimeSpan.MaxValue))
        {
            running.ReportedSlow = true;
            LogSlow(Logger, attempt.Job.Key.Job, attempt.Job.Kind, attempt.Queue.Name, ran.TotalSeconds);
            attempt.Log.Write(LogLevel.Warning, $"Slow: it has been running for {ran.TotalSeconds:0.0} s.");
            settings.Alerts?.Raise(SlowAlert(attempt, ran));
        }
        if (running.Worker.EndsWork || ran < attempt.Timeout)
        {
            return;
        }
        running.TimeIsUp = true;
        running.Stop(StopReason.TimedOut);
        if (ran >= attempt.Timeout + attempt.Queue.KillAfter && running.TryEnd())
        {
            LogAbandoned(Logger, attempt.Job.Key.Job, attempt.Job.Kind, attempt.Queue.Name, ran.TotalSeconds);
            Abandon?.Invoke(running);
        }
    }

    /// <summary>Of one group's slow jobs, or of a queue's that have no group, people need not hear one by one.</summary>
    private static Alert SlowAlert(Attempt attempt, TimeSpan ran)
    {
        var (job, queue) = (attempt.Job, attempt.Queue.Name);
        var of = job.Group is { } group ? $"group {group} of queue {queue}" : $"queue {queue}";
        return new(AlertKind.Slow, job.Group is null ? queue : $"{queue}/{job.Group}", $"Job {job.Key.Job} ({job.Kind}) of {of} is slow: it has been running for {ran.TotalSeconds:0.0} s.");
    }

    /// <summary>The next timestamp at which something is to be done about an attempt.</summary>
    private long NextMoment(RunningAttempt running, long now)
    {
        var attempt = running.Attempt;
        var slow = running.ReportedSlow ? TimeSpan.MaxValue : attempt.Queue.SlowAfter ?? TimeSpan.MaxValue;
        var limit = running.Worker.EndsWork || attempt.Timeout == TimeSpan.MaxValue ? TimeSpan.MaxValue
            : running.TimeIsUp ? attempt.Timeout + attempt.Queue.KillAfter : attempt.Timeout;
        var first = slow < limit ? slow : limit;
        return first >= TimeSpan.FromDays(3650) ? long.MaxValue : running.StartedTimestamp + attempt.Waited(now) + Ticks(first);
    }

    /// <summary>Rounded up, so that a look at that moment finds the time over.</summary>
    private long Ticks(TimeSpan time) => (long)Math.Ceiling(time.TotalSeconds * settings.Time.TimestampFrequency);

    [LoggerMessage(10, LogLevel.Warning, "Job {Job} ({Kind}, queue {Queue}) is slow: it has been running for {Seconds:0.0} s")]
    private static partial void LogSlow(ILogger logger, JobId job, JobKind kind, string queue, double seconds);

    [LoggerMessage(11, LogLevel.Error, "Job {Job} ({Kind}, queue {Queue}) ignored its cancellation and was abandoned after {Seconds:0.0} s: its slot is free, its code still runs")]
    private static partial void LogAbandoned(ILogger logger, JobId job, JobKind kind, string queue, double seconds);
}
