using System.Collections.Concurrent;

namespace Fairlead.Engine;

/// <summary>
/// One thread that runs the loops of a host, one step at a time. Handlers never run here: a handler that blocks every thread of the
/// pool cannot stop heartbeats, timeouts or claims, and the loops need no locks among themselves. The simulation puts its
/// one-thread scheduler in this place.
/// </summary>
public sealed class LoopThread : TaskScheduler, IDisposable
{
    private readonly BlockingCollection<Task> _steps = [];
    private readonly Thread _thread;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">Its name in debuggers and dumps.</param>
    public LoopThread(string name)
    {
        _thread = new Thread(Run) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <inheritdoc />
    public override int MaximumConcurrencyLevel => 1;

    /// <summary>Lets the thread end when the steps already queued are done.</summary>
    public void Dispose() => _steps.CompleteAdding();

    /// <inheritdoc />
    protected override void QueueTask(Task task)
    {
        try
        {
            _steps.Add(task);
        }
        catch (InvalidOperationException)
        {
            // The host has stopped; what an abandoned handler still posts has nobody left to tell.
        }
    }

    /// <inheritdoc />
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        Thread.CurrentThread == _thread && !taskWasPreviouslyQueued && TryExecuteTask(task);

    /// <inheritdoc />
    protected override IEnumerable<Task> GetScheduledTasks() => _steps.ToArray();

    private void Run()
    {
        foreach (var step in _steps.GetConsumingEnumerable())
        {
            TryExecuteTask(step);
        }
    }
}
