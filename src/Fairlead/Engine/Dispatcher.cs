using System.Collections.Concurrent;
using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>
/// Claims jobs for free slots and starts them. Quick jobs (under 20 ms) are claimed ahead, as many as run in the next 20 ms; slow ones
/// one by one, so that none waits behind another while a second node has room.
/// </summary>
internal sealed partial class Dispatcher(NodeSettings settings, IJobStore store, Membership membership, StoreClock clock, AttemptsInHand inHand, LogPump logs, ILogger logger)
    : Loop(settings.Time, logger)
{
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(20);
    private readonly ConcurrentQueue<RunningAttempt> _ready = new();
    private readonly Dictionary<string, ServedQueue> _queues = settings.Queues.ToDictionary(queue => queue.Definition.Name, StringComparer.Ordinal);
    private readonly QueueTurns _turns = new(settings.Queues);
    private readonly Wakeup _bell = new(settings.Time);
    private readonly RunTimeEstimate _runTime = new();
    private int _executing;
    private long _sequence;
    private long _lookedAt = settings.Time.GetTimestamp();
    private int _signalled;
    private bool _look = true;
    private bool _leftWork;
    private bool _freed;
    private int _ending;
    private bool _solo;
    private bool _uncertain;
    private bool _stopping;
    private DateTimeOffset? _nextDue;
    private DateTimeOffset? _awaySince;

    /// <summary>Runs a started attempt; set once when the node is put together.</summary>
    public Func<RunningAttempt, ValueTask<bool>>? Runner { get; set; }

    /// <summary>Called after an attempt in hand was ended without running: its transition has to be recorded.</summary>
    public Action<RunningAttempt>? TakenBack { get; set; }

    /// <summary>Since when work is left for want of slots and none has come free; null while there is none, or there are slots.</summary>
    public long? StarvedSince { get; private set; }

    /// <summary>The store says that there may be work. Called from anywhere.</summary>
    public void WorkMayBeReady()
    {
        Volatile.Write(ref _signalled, 1);
        _bell.Ring();
    }

    /// <summary>Slots are free again: worth a look if the last one left work behind.</summary>
    public void SlotsFreed()
    {
        _freed = true;
        _look |= _leftWork;
        StarvedSince = _leftWork ? settings.Time.GetTimestamp() : null;
        _bell.Ring();
    }

    /// <summary>So many ends are on their way to the store: their slots may be claimed for, since the claim is carried out after them.</summary>
    public void EndsUnderWay(int count)
    {
        _ending = count;
        if (count > 0)
        {
            SlotsFreed();
        }
    }

    /// <summary>An abandoned attempt's slot goes to another loop.</summary>
    public void ReplaceSlot() => StartSlot();

    /// <summary>Claims nothing more; gives back what has not started.</summary>
    public void StopClaiming()
    {
        _stopping = true;
        TakeBackWaiting();
        _bell.Ring();
    }

    private void TakeBackWaiting()
    {
        while (_ready.TryDequeue(out var waiting))
        {
            if (waiting.TryTakeBack())
            {
                TakenBack?.Invoke(waiting);
            }
        }
    }

    /// <inheritdoc />
    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        if (Interlocked.Exchange(ref _signalled, 0) == 1 || _nextDue <= clock.Now || UntilPoll <= TimeSpan.Zero)
        {
            // Noted once: a full node that cannot look now must not wait for a moment that is over, again and again.
            _look = true;
            _nextDue = null;
            _lookedAt = settings.Time.GetTimestamp();
        }
        if (_uncertain && membership.Node is { } unsure)
        {
            await ReconcileAsync(unsure, stop);
        }
        // A node that makes room for a job which must run alone takes nothing, but asks: another node may have taken that job meanwhile.
        var room = _solo && inHand.Count > 0 ? 0 : Room();
        // A full node still asks once, for nothing, when work comes in: that is what records that it waits for slots.
        if (_look && MayClaim && (room > 0 || !_leftWork || _solo))
        {
            await ClaimAsync(Math.Max(room, 0), stop);
            return;
        }
        await WaitAsync(stop);
    }

    /// <summary>The poll counts from the last look, however often the bell rings for other reasons.</summary>
    private TimeSpan UntilPoll => store.Traits.Poll - settings.Time.GetElapsedTime(_lookedAt);

    private bool MayClaim => !_stopping && membership.Node is not null && !membership.Draining;

    /// <summary>How many more jobs may be taken now.</summary>
    private int Room() => settings.Slots + Ahead() - inHand.Count + _ending;

    /// <summary>As many as all slots together run in 20 ms; none while jobs are slow or nothing is known of them.</summary>
    private int Ahead() => settings.Prefetch == 0 ? 0 : _runTime.JobsWithin(Quick, settings.Slots, settings.Prefetch);

    /// <summary>Waits for a ring, the next due time or the poll.</summary>
    private async ValueTask WaitAsync(CancellationToken stop)
    {
        var wait = UntilPoll;
        if (_nextDue is { } due && due - clock.Now is var left && left < wait)
        {
            wait = left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1);
        }
        await _bell.WaitAsync(wait, stop);
    }

    private async ValueTask ClaimAsync(int room, CancellationToken stop)
    {
        var node = membership.Node!.Value;
        var request = new ClaimRequest
        {
            Node = node,
            Sequence = ++_sequence,
            Slots = room,
            Queues = [.. _turns.Order.Select(queue => new QueueClaim(queue.Definition.Name, queue.Kinds, room))],
            Idle = inHand.Count == 0,
            StoreAwaySince = _awaySince,
        };
        _look = false;
        _freed = false;
        _lookedAt = settings.Time.GetTimestamp();
        var asked = clock.Ask();
        ClaimResult result;
        try
        {
            result = await store.ClaimAsync(request, CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            // The claim may have happened although its answer was lost: what it took must not be stranded on this node.
            _uncertain = true;
            _look = true;
            _awaySince ??= clock.Now;
            throw;
        }
        Take(node, request, result, asked);
    }

    /// <summary>Whatever the node does next, full, draining or stopping: others must get what it does not know that it has.</summary>
    private async ValueTask ReconcileAsync(NodeId node, CancellationToken stop)
    {
        await store.ReconcileAsync(node, ++_sequence, [.. inHand.Keys], stop);
        _uncertain = false;
    }

    private void Take(NodeId node, ClaimRequest request, ClaimResult result, long asked)
    {
        if (membership.Node != node)
        {
            // The answer came after this node had lost its lease: what it was given belongs to others by now.
            _look = true;
            return;
        }
        _awaySince = null;
        clock.Set(result.Now, asked);
        _nextDue = result.NextDue;
        _solo = result.DrainForSolo;
        _leftWork = result.More || result.DrainForSolo;
        // A slot that freed while the claim was under way may be what it lacked. Without one, asking again would get the same answer.
        _look |= _leftWork && (_freed || (request.Slots == 0 && !_solo && Room() > 0));
        foreach (var job in result.Jobs)
        {
            var queue = _queues[job.Queue].Definition;
            var running = new RunningAttempt(new Attempt { Job = job, Queue = queue, Log = logs.For(job.Key), StartedAt = result.Now, ProgressMade = logs.ProgressMade }, node, settings.Work);
            inHand.Add(running);
            _ready.Enqueue(running);
        }
        foreach (var queue in result.Jobs.Select(static job => job.Queue).Distinct())
        {
            _turns.Served(queue);
        }
        // Beside a job that runs alone nothing is given, and nothing is said about what waits: look again when it has ended.
        _leftWork |= inHand.RunsAlone;
        StarvedSince = _leftWork ? StarvedSince ?? settings.Time.GetTimestamp() : null;
        if (_stopping)
        {
            // Asked before the node was told to stop, answered after.
            TakeBackWaiting();
            return;
        }
        StartSlots();
    }

    private void StartSlots()
    {
        while (!_ready.IsEmpty && TryTakeSlot())
        {
            StartSlot();
        }
    }

    private bool TryTakeSlot()
    {
        if (Interlocked.Increment(ref _executing) <= settings.Slots)
        {
            return true;
        }
        Interlocked.Decrement(ref _executing);
        return false;
    }

    private void StartSlot() => _ = Task.Factory.StartNew(RunSlotAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, settings.Work).Unwrap();

    /// <summary>One slot: runs what is ready, one after the other, until nothing is. Runs where handlers run.</summary>
    private async Task RunSlotAsync()
    {
        do
        {
            while (_ready.TryDequeue(out var running))
            {
                var began = settings.Time.GetTimestamp();
                if (!await Runner!(running))
                {
                    return;
                }
                _runTime.Add(settings.Time.GetElapsedTime(began));
            }
            Interlocked.Decrement(ref _executing);
        }
        while (!_ready.IsEmpty && TryTakeSlot());
    }
}
