using Fairlead.Storage;
using Microsoft.Extensions.Logging;

namespace Fairlead.Engine;

/// <summary>
/// Claims jobs for free slots and hands them to what runs them. Quick jobs (under 20 ms) are claimed ahead, as many as run in the next 20 ms; slow ones
/// one by one, so that none waits behind another while a second node has room. A queue with a worker of its own is claimed for as far as
/// that has room.
/// </summary>
internal sealed partial class Dispatcher(NodeSettings settings, ServedWork served, IJobStore store, Membership membership, StoreClock clock, AttemptsInHand inHand, RunTimes runTimes, SlotRunner slots, OwnWorkerRunner ownWorkers, LogPump logs, ILogger logger)
    : Loop(settings.Time, logger)
{
    private readonly Wakeup _bell = new(settings.Time);
    private readonly Dictionary<string, QueueDefinition> _queues = new(StringComparer.Ordinal);
    private QueueTurns _turns = new([]);
    private long _sequence;
    private long _lookedAt = settings.Time.GetTimestamp();
    private int _signalled;
    private bool _grown;
    private bool _look = true;
    private bool _leftWork;
    private bool _leftOut;
    private bool _freed;
    private int _ending;
    private bool _solo;
    private bool _uncertain;
    private bool _stopping;
    private DateTimeOffset? _nextDue;
    private DateTimeOffset? _awaySince;

    /// <summary>Called after an attempt in hand was ended without running, and why: its transition has to be recorded.</summary>
    public Action<RunningAttempt, string>? TakenBack { get; set; }

    /// <summary>Since when work is left for want of slots and none has come free; null while there is none, or there are slots.</summary>
    public long? StarvedSince { get; private set; }

    /// <summary>What this node serves has changed, or is known for the first time.</summary>
    public void ServedChanged()
    {
        var queues = served.Declared.Queues.Where(static queue => queue.Kinds.Count > 0).Select(queue => queue with { Definition = served.InForce(queue) }).OrderByDescending(static queue => queue.Definition.Priority).ToList();
        // What is no longer served stays known: a claim that is under way may still bring some of it.
        queues.ForEach(queue => _queues[queue.Definition.Name] = queue.Definition);
        _turns = new QueueTurns(queues);
        WorkMayBeReady();
    }

    /// <summary>The store says that there may be work. Called from anywhere.</summary>
    public void WorkMayBeReady()
    {
        Volatile.Write(ref _signalled, 1);
        _bell.Ring();
    }

    /// <summary>A queue's own worker can hold more than before. Called from anywhere.</summary>
    public void Grown()
    {
        Volatile.Write(ref _grown, true);
        _bell.Ring();
    }

    /// <summary>Slots are free again: worth a look if the last one left work behind.</summary>
    public void SlotsFreed()
    {
        _freed = true;
        _look |= _leftWork || _leftOut;
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

    /// <summary>Claims nothing more; gives back what has not started.</summary>
    public void StopClaiming()
    {
        _stopping = true;
        TakeBackWaiting();
        _bell.Ring();
    }

    private void TakeBackWaiting()
    {
        while (slots.TryTakeBack(out var waiting))
        {
            TakeBack(waiting!, "Its node was stopped.");
        }
        foreach (var waiting in inHand.Snapshot().Where(static running => running.Worker.TakesTurns && !running.HasStarted))
        {
            waiting.Stop(StopReason.NodeStops);
        }
    }

    private void TakeBack(RunningAttempt waiting, string reason)
    {
        if (waiting.TryTakeBack())
        {
            TakenBack?.Invoke(waiting, reason);
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
        if (Volatile.Read(ref _grown))
        {
            Volatile.Write(ref _grown, false);
            SlotsFreed();
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

    /// <summary>
    /// A node that has lost its lease takes nothing while processes of that time still live: what they work at may be given to this very node again.
    /// </summary>
    private bool MayClaim => !_stopping && membership.Node is { } node && !membership.Draining && !(membership.HasLostLease && inHand.HoldsProcessesOfOthersThan(node));

    /// <summary>How many more jobs may be taken now.</summary>
    private int Room() => served.Slots + runTimes.Ahead(settings.Worker, served.Slots) + served.Pools.Sum(runTimes.Ahead) - inHand.Count + _ending;

    /// <summary>How many more of one queue.</summary>
    private int RoomOf(string queue, int room) => ownWorkers.RoomIn(served.WorkerOf(queue)) is { } own ? Math.Clamp(own, 0, Math.Max(room, 0)) : room;

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
        var queues = QueueClaims(room);
        var request = new ClaimRequest
        {
            Node = node,
            Sequence = ++_sequence,
            Slots = room,
            Queues = queues,
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

    /// <summary>
    /// What may be taken of each queue. An idle node is given a job that must run alone whatever room its queue has: a queue whose processes may not be
    /// started now is left out, or such a job would be taken and given back again and again.
    /// </summary>
    private List<QueueClaim> QueueClaims(int room)
    {
        var all = _turns.Order.Select(queue => new QueueClaim(queue.Definition.Name, queue.Kinds, RoomOf(queue.Definition.Name, room))).ToList();
        _leftOut = room > 0 && inHand.Count == 0 && all.RemoveAll(static queue => queue.Slots == 0) > 0;
        return all;
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
        var handed = Sort(node, result);
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
            handed.ForEach(static running => running.Stop(StopReason.NodeStops));
            TakeBackWaiting();
        }
        ownWorkers.HandOut(handed);
        slots.Start();
    }

    /// <summary>Takes what was given in hand: for this node's slots, or (returned) for queues' own workers.</summary>
    private List<RunningAttempt> Sort(NodeId node, ClaimResult result)
    {
        var handed = new List<RunningAttempt>();
        foreach (var job in result.Jobs)
        {
            var worker = served.WorkerOf(job.Queue);
            var attempt = new Attempt { Job = job, Queue = _queues[job.Queue], Log = logs.For(job.Key), StartedAt = result.Now, ProgressMade = logs.ProgressMade };
            var running = new RunningAttempt(attempt, node, worker, settings.Work);
            inHand.Add(running);
            if (!served.Serves(job.Queue))
            {
                TakeBack(running, "Its node no longer serves its queue.");
            }
            else if (worker.Capacity is null)
            {
                slots.Add(running);
            }
            else
            {
                ownWorkers.Expect(running);
                handed.Add(running);
            }
        }
        return handed;
    }
}
