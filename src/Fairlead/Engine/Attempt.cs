using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>One run of a job on this node, from claim to committed end.</summary>
public sealed class Attempt
{
    private readonly Lock _gate = new();
    private AttemptProgress? _progress;
    private AttemptProgress? _reported;
    private long _waited;
    private long _waitingSince;
    private int _waits;

    /// <summary>What the store gave.</summary>
    public required ClaimedJob Job { get; init; }

    /// <summary>The policies of its queue.</summary>
    public required QueueDefinition Queue { get; init; }

    /// <summary>Where its output goes.</summary>
    public required IAttemptLog Log { get; init; }

    /// <summary>How long it may take: the job's own timeout, else the one its queue has for its payload, else the queue's, cut at its deadline; <see cref="TimeSpan.MaxValue" /> for no bound.</summary>
    public TimeSpan Timeout { get; internal set; } = TimeSpan.MaxValue;

    /// <summary>The same without the deadline's say; null for no bound.</summary>
    internal TimeSpan? TimeOfItsOwn => Job.Timeout ?? Queue.TimeoutBy?.Of(Job.Payload) ?? Queue.Timeout;

    /// <summary>When it began to run, by the store's clock as this node knows it.</summary>
    public DateTimeOffset StartedAt { get; internal set; }

    /// <summary>The latest progress that was reported.</summary>
    public AttemptProgress? Progress
    {
        get
        {
            lock (_gate)
            {
                return _progress;
            }
        }

        set
        {
            lock (_gate)
            {
                _progress = value;
            }
            ProgressMade?.Invoke();
        }
    }

    /// <summary>
    /// Its turn has come, says a worker that <see cref="IWorker.TakesTurns" />: its time counts from now. Called once.
    /// </summary>
    /// <returns>False when it was told to stop meanwhile: it must not be worked at.</returns>
    public bool Begin() => Turn?.Invoke() ?? true;

    /// <summary>What <see cref="Begin" /> does.</summary>
    internal Func<bool>? Turn { get; set; }

    /// <summary>Hears of progress, to carry it to the store soon.</summary>
    internal Action? ProgressMade { get; init; }

    /// <summary>Hears, where its time is kept elsewhere, that it begins to wait for permits, and that it waits no more.</summary>
    internal Action<bool>? Waiting { get; init; }

    /// <summary>It begins to wait for a permit: such time does not count to its timeout.</summary>
    internal void WaitBegins(long timestamp)
    {
        lock (_gate)
        {
            if (_waits++ > 0)
            {
                return;
            }
            _waitingSince = timestamp;
        }
        Waiting?.Invoke(true);
    }

    /// <summary>It waits no more.</summary>
    internal void WaitEnds(long timestamp)
    {
        lock (_gate)
        {
            if (--_waits > 0)
            {
                return;
            }
            _waited += timestamp - _waitingSince;
        }
        Waiting?.Invoke(false);
    }

    /// <summary>For how many timestamps it has waited for permits so far.</summary>
    internal long Waited(long timestamp)
    {
        lock (_gate)
        {
            return _waited + (_waits > 0 ? timestamp - _waitingSince : 0);
        }
    }

    /// <summary>Takes the progress if it has changed since it was last taken.</summary>
    internal bool TryTakeProgress(out AttemptProgress progress)
    {
        lock (_gate)
        {
            progress = _progress ?? default;
            var changed = _progress is not null && _progress != _reported;
            _reported = _progress;
            return changed;
        }
    }
}

/// <summary>The log of one job, as its attempt writes it.</summary>
public interface IAttemptLog
{
    /// <summary>Appends one line; never blocks, never throws; bounded, so that the text of a chatty job may be cut (and says so).</summary>
    void Write(LogLevel level, string message);
}
