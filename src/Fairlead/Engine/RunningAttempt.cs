using Fairlead.Storage;

namespace Fairlead.Engine;

/// <summary>Why a running attempt was asked to stop.</summary>
internal enum StopReason
{
    None = 0,
    Cancelled = 1,
    TimedOut = 2,
    NodeStops = 3,
    LeaseLost = 4,
}

/// <summary>An attempt in this node's hands, from claim to committed end.</summary>
internal sealed class RunningAttempt(Attempt attempt, NodeId node, IWorker worker, TaskScheduler work) : IDisposable
{
    private const int Waiting = 0;
    private const int Started = 1;
    private const int Over = 2;
    private readonly CancellationTokenSource _stop = new();
    private int _state;
    private int _reason;

    /// <summary>What it is about.</summary>
    public Attempt Attempt { get; } = attempt;

    /// <summary>What runs it.</summary>
    public IWorker Worker { get; } = worker;

    /// <summary>The node's id under which it was claimed.</summary>
    public NodeId Node { get; } = node;

    /// <summary>Its job and fence.</summary>
    public AttemptKey Key => Attempt.Job.Key;

    /// <summary>Asks its work to stop.</summary>
    public CancellationToken StopToken => _stop.Token;

    /// <summary>Why it was asked to stop; the first reason stands.</summary>
    public StopReason Reason => (StopReason)Volatile.Read(ref _reason);

    /// <summary>True from the moment its work began.</summary>
    public bool HasStarted => Volatile.Read(ref _state) >= Started;

    /// <summary>True when its work began, and not its end was decided before that.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>True when its end has been decided; its code may still run.</summary>
    public bool IsOver => Volatile.Read(ref _state) == Over;

    /// <summary>When its work began, in timestamps of the node's clock.</summary>
    public long StartedTimestamp { get; private set; }

    /// <summary>Set once it has been reported as slow; used by the watch only.</summary>
    public bool ReportedSlow { get; set; }

    /// <summary>Set once it has run into its timeout, whatever it was asked to stop for before; used by the watch only.</summary>
    public bool TimeIsUp { get; set; }

    /// <summary>When it began and how long it has run, by the clock that cannot jump: the end never comes before the start.</summary>
    public AttemptTimes TimesAtEnd(TimeProvider time) => new(Key, Attempt.StartedAt, Attempt.StartedAt + time.GetElapsedTime(StartedTimestamp));

    /// <summary>Begins the work, unless its end was decided before it could begin.</summary>
    public bool TryStart(long timestamp)
    {
        StartedTimestamp = timestamp;
        HasBegun = Interlocked.CompareExchange(ref _state, Started, Waiting) == Waiting;
        return HasBegun;
    }

    /// <summary>Decides the end of work that has begun. Only one caller wins: the runner, or the watch that abandons.</summary>
    public bool TryEnd() => Interlocked.CompareExchange(ref _state, Over, Started) == Started;

    /// <summary>Takes it back before its work has begun.</summary>
    public bool TryTakeBack() => Interlocked.CompareExchange(ref _state, Over, Waiting) == Waiting;

    /// <summary>Asks the work to stop. What handlers have hung on their token runs where handlers run: it cannot hold up the caller.</summary>
    public void Stop(StopReason reason)
    {
        if (Interlocked.CompareExchange(ref _reason, (int)reason, (int)StopReason.None) == (int)StopReason.None && !IsOver)
        {
            _ = Task.Factory.StartNew(_stop.Cancel, CancellationToken.None, TaskCreationOptions.DenyChildAttach, work);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _stop.Dispose();
}
