using System.Collections.Concurrent;

namespace Fairlead.Engine;

/// <summary>This node's slots: each runs what was claimed and is ready, one after the other. Safe from any thread.</summary>
internal sealed class SlotRunner(NodeSettings settings, ServedWork served, RunTimes runTimes)
{
    private readonly ConcurrentQueue<RunningAttempt> _ready = new();
    private int _executing;

    /// <summary>Runs a started attempt; false when its slot was given to another meanwhile. Set once when the node is put together.</summary>
    public Func<RunningAttempt, ValueTask<bool>>? Runner { get; set; }

    /// <summary>Puts one behind what is ready; <see cref="Start" /> has to follow.</summary>
    public void Add(RunningAttempt running) => _ready.Enqueue(running);

    /// <summary>Takes back what no slot has begun.</summary>
    public bool TryTakeBack(out RunningAttempt? waiting) => _ready.TryDequeue(out waiting);

    /// <summary>Lets free slots run what is ready.</summary>
    public void Start()
    {
        while (!_ready.IsEmpty && TryTake())
        {
            StartOne();
        }
    }

    /// <summary>An abandoned attempt's slot goes to another loop.</summary>
    public void Replace() => StartOne();

    private bool TryTake()
    {
        if (Interlocked.Increment(ref _executing) <= served.Slots)
        {
            return true;
        }
        Interlocked.Decrement(ref _executing);
        return false;
    }

    private void StartOne() => _ = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, settings.Work).Unwrap();

    /// <summary>One slot: runs what is ready until nothing is. Runs where handlers run.</summary>
    private async Task RunAsync()
    {
        do
        {
            while (_ready.TryDequeue(out var running))
            {
                if (!await Runner!(running))
                {
                    return;
                }
                runTimes.Add(running);
            }
            Interlocked.Decrement(ref _executing);
        }
        while (!_ready.IsEmpty && TryTake());
    }
}
