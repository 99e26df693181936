namespace Fairlead.Simulation;

/// <summary>Runs tasks one after the other, in the order in which they were queued, on the thread that pumps; never inline.</summary>
internal sealed class VirtualScheduler : TaskScheduler
{
    private readonly Queue<Task> _ready = new();
    private Task? _root;
    private int _pumpThread;
    private InvalidOperationException? _foreign;

    public override int MaximumConcurrencyLevel => 1;

    /// <summary>True when work of this scheduler was seen on another thread.</summary>
    public bool IsForeign => Volatile.Read(ref _foreign) is not null;

    /// <summary>Runs <paramref name="loop" /> on this thread as a task of this scheduler; until it returns, this is the only thread there is.</summary>
    public void RunRoot(Action loop)
    {
        if (_pumpThread != 0)
        {
            throw new InvalidOperationException("This virtual time is running already: its Run methods do not nest.");
        }
        _pumpThread = Environment.CurrentManagedThreadId;
        _root = new Task(loop);
        try
        {
            _root.RunSynchronously(this);
            _root.GetAwaiter().GetResult();
        }
        finally
        {
            (_root, _pumpThread) = (null, 0);
        }
    }

    public bool RunNext()
    {
        if (!_ready.TryDequeue(out var task))
        {
            return false;
        }
        TryExecuteTask(task);
        return true;
    }

    public void RequireOwnThread(string what)
    {
        if (_pumpThread != 0 && Environment.CurrentManagedThreadId != _pumpThread)
        {
            throw Escaped(what);
        }
    }

    public void ThrowIfForeign()
    {
        if (Volatile.Read(ref _foreign) is { } foreign)
        {
            throw new InvalidOperationException(foreign.Message, foreign);
        }
    }

    protected override void QueueTask(Task task)
    {
        if (_pumpThread != 0 && Environment.CurrentManagedThreadId != _pumpThread)
        {
            // Noted, not thrown: what is thrown here disappears in the thread that does not belong.
            Escaped("continued work");
            return;
        }
        _ready.Enqueue(task);
    }

    /// <summary>Only the loop itself: inlining would make the order depend on who completes what.</summary>
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => task == _root && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks() => _ready;

    private InvalidOperationException Escaped(string what)
    {
        var escaped = new InvalidOperationException(
            $"A foreign thread {what} in virtual time. Something used ConfigureAwait(false), Task.Run or a real timer; everything must run on the scheduler given from outside. {Environment.StackTrace}");
        Interlocked.CompareExchange(ref _foreign, escaped, null);
        return escaped;
    }
}
