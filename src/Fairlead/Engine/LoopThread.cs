using System.Diagnostics.CodeAnalysis;

namespace Fairlead.Engine;

/// <summary>
/// One thread that runs the loops of a host, one step at a time. Handlers never run here: a handler that blocks every thread of the
/// pool cannot stop heartbeats, timeouts or claims, and the loops need no locks among themselves. The simulation puts its
/// one-thread scheduler in this place.
/// </summary>
public sealed class LoopThread : TaskScheduler, IDisposable
{
    // A queue under a lock: a BlockingCollection spins before it sleeps, and between two slow jobs that took a tenth of a core.
    private readonly Queue<Task> _steps = [];
    private readonly Thread _thread;
    private bool _isOver;

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
    public void Dispose()
    {
        lock (_steps)
        {
            _isOver = true;
            Monitor.Pulse(_steps);
        }
    }

    /// <inheritdoc />
    protected override void QueueTask(Task task)
    {
        lock (_steps)
        {
            if (!_isOver)
            {
                _steps.Enqueue(task);
                Monitor.Pulse(_steps);
            }
            // Else the host has stopped; what an abandoned handler still posts has nobody left to tell.
        }
    }

    /// <inheritdoc />
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        Thread.CurrentThread == _thread && !taskWasPreviouslyQueued && TryExecuteTask(task);

    /// <inheritdoc />
    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_steps)
        {
            return [.. _steps];
        }
    }

    private void Run()
    {
        while (TryTake(out var step))
        {
            TryExecuteTask(step);
        }
    }

    private bool TryTake([NotNullWhen(true)] out Task? step)
    {
        lock (_steps)
        {
            while (_steps.Count == 0 && !_isOver)
            {
                Monitor.Wait(_steps);
            }
            return _steps.TryDequeue(out step);
        }
    }
}
