namespace Fairlead.Engine;

/// <summary>Hands attempts to the queues' own workers, and knows how many each was handed and has not ended. Called from anywhere.</summary>
internal sealed class OwnWorkerRunner(NodeSettings settings, RunTimes runTimes)
{
    private readonly HandedOut _handedOut = new();
    private bool _counted;

    /// <summary>Runs a started attempt; set once when the node is put together.</summary>
    public Func<RunningAttempt, ValueTask<bool>>? Runner { get; set; }

    /// <summary>Called when a worker that was counted as full has room after all.</summary>
    public Action? Freed { get; set; }

    /// <summary>How many more a worker can hold, what is on its way there taken off; null where only the node's slots bound it. May be below zero.</summary>
    public int? RoomIn(IWorker worker) => worker.Capacity is { } capacity ? capacity + runTimes.Ahead(worker) - HandedOutTo(worker, capacity) : null;

    /// <summary>It is on its way, from now on.</summary>
    public void Expect(RunningAttempt running) => _handedOut.Add(running.Worker);

    /// <summary>All in one piece of work, so that they come to their workers in the order in which they were claimed.</summary>
    public void HandOut(List<RunningAttempt> expected)
    {
        if (expected.Count > 0)
        {
            _ = Task.Factory.StartNew(() => expected.ForEach(running => _ = RunAsync(running)), CancellationToken.None, TaskCreationOptions.DenyChildAttach, settings.Work);
        }
    }

    private int HandedOutTo(IWorker worker, int capacity)
    {
        var count = _handedOut.Of(worker);
        if (count < capacity)
        {
            return count;
        }
        // Said, then counted again: one that comes back right after it was counted has to be heard of.
        Volatile.Write(ref _counted, true);
        return _handedOut.Of(worker);
    }

    private async Task RunAsync(RunningAttempt running)
    {
        try
        {
            await Runner!(running);
        }
        finally
        {
            GiveBack(running.Worker);
        }
        runTimes.Add(running);
    }

    /// <summary>Its end may be committed already, and the claim that followed have counted it still.</summary>
    private void GiveBack(IWorker worker)
    {
        _handedOut.Remove(worker);
        if (Volatile.Read(ref _counted))
        {
            Volatile.Write(ref _counted, false);
            Freed?.Invoke();
        }
    }
}
